#include "compose-spec/dump_order.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::spec {

std::vector<Member> members_in_order(const Mapping& entries, const Type* type) {
  std::vector<Member> known, others;
  for (const Entry& entry : entries) {
    const Attribute* attribute = type && !type->values ? find_attribute(*type, entry.key) : nullptr;
    const Type* child = attribute ? attribute->type : type ? type->values : nullptr;
    (attribute ? known : others).push_back({entry.key, &entry.value, attribute, child});
  }
  std::sort(known.begin(), known.end(),
            [](const Member& a, const Member& b) { return a.attribute < b.attribute; });
  std::sort(others.begin(), others.end(),
            [](const Member& a, const Member& b) { return a.key < b.key; });
  known.insert(known.end(), others.begin(), others.end());
  return known;
}

bool is_empty_value(const Node& node, const Type* type) {
  if (node.is_null()) return true;
  if (auto* text = node.string())
    return text->empty() || (type && type->cast == Cast::bytes && *text == "0");
  if (auto* flag = node.boolean()) return !*flag;
  if (auto* number = node.integer()) return *number == 0;
  if (auto* number = node.real()) return *number == 0;
  if (auto* items = node.sequence()) return items->empty();
  bool free_keys = !type || type->attributes.empty();
  return free_keys && node.mapping()->empty();
}

bool is_empty_below(const Node& node, const Type* type) {
  if (auto* entries = node.mapping()) {
    for (const Member& member : members_in_order(*entries, type))
      if (!is_empty_below(*member.value, member.type)) return false;
    return true;
  }
  return is_empty_value(node, type);
}

bool prints_as_list(const Type* type) {
  return type && (type->shape == Shape::hosts || type->shape == Shape::ssh);
}

std::vector<std::string> listed(const Node& node, ListOrder order) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : *node.mapping()) entries.push_back(&entry);
  std::vector<std::string> out;
  for (const Entry* entry : entries) {
    if (auto* items = entry->value.sequence()) {
      for (const Node& item : *items) out.push_back(cat(entry->key, "=", scalar_text(item)));
    } else if (is_empty_value(entry->value, nullptr)) {
      out.push_back(entry->key);
    } else {
      out.push_back(cat(entry->key, "=", scalar_text(entry->value)));
    }
  }
  if (order == ListOrder::sorted) std::sort(out.begin(), out.end());
  return out;
}

}  // namespace estiba::spec
