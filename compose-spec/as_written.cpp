#include "compose-spec/as_written.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::spec {
namespace {

void add_pairs(Sequence& list, const Entry& entry) {
  if (auto* values = entry.value.sequence()) {
    for (const Node& value : *values)
      list.push_back(Node{cat(entry.key, "=", scalar_text(value)), value.span});
  } else if (entry.value.is_null()) {
    list.push_back(Node{entry.key, entry.key_span});
  } else {
    list.push_back(Node{cat(entry.key, "=", scalar_text(entry.value)), entry.value.span});
  }
}

void make_list(Node& node) {
  Sequence list;
  if (auto* entries = node.mapping()) {
    for (const Entry& entry : *entries) add_pairs(list, entry);
    std::sort(list.begin(), list.end(),
              [](const Node& a, const Node& b) { return *a.string() < *b.string(); });
  } else if (node.is_scalar()) {
    list.push_back(Node{node.value, node.span});
  }
  if (!node.is_sequence()) node.value = std::move(list);
}

// ["a"] → {a: …}, as the short forms of networks, models and dependencies are meant.
void make_mapping(Node& node, Shape shape) {
  auto* items = node.sequence();
  if (!items) return;
  Mapping names;
  for (const Node& item : *items) {
    Node value{{}, item.span};
    if (shape == Shape::depends_on) {
      value.value = Mapping();
      value.set("condition", std::string("service_started"));
      value.set("required", true);
    }
    names.push_back({scalar_text(item), item.span, std::move(value)});
  }
  node.value = std::move(names);
}

// A text in the place of a mapping is the value of that member.
void make_member(Node& node, std::string_view key) {
  if (!node.string()) return;
  Node member{node.value, node.span};
  node.value = Mapping();
  node.mapping()->push_back({std::string(key), node.span, std::move(member)});
}

bool is_listed(Shape shape) {
  return shape == Shape::key_values || shape == Shape::text_list || shape == Shape::hosts;
}

void make_alike(Node& node, Shape shape) {
  if (is_listed(shape)) make_list(node);
  if (shape == Shape::key_set || shape == Shape::depends_on) make_mapping(node, shape);
  if (shape == Shape::build) make_member(node, "context");
}

// A member that is reset has no place in a list.
void apply_resets(Node& base, Node& over) {
  if (!over.is_mapping()) return;
  auto is_reset = [&](const Entry& entry) {
    if (entry.value.tag != MergeTag::reset) return false;
    base.erase(entry.key);
    return true;
  };
  std::erase_if(*over.mapping(), is_reset);
}

// A host's address that is there already is not added again.
void drop_known(const Node& base, Node& over) {
  std::erase_if(*over.sequence(), [&](const Node& item) {
    return std::any_of(base.sequence()->begin(), base.sequence()->end(),
                       [&](const Node& other) { return same_value(item, other); });
  });
}

std::string key_of(const Node& pair) {
  std::string text = scalar_text(pair);
  return text.substr(0, text.find('='));
}

}  // namespace

void make_alike(Node& base, Node& over, const Type& type) {
  if (base.is_null() || over.tag != MergeTag::none) return;
  if (is_listed(type.shape)) apply_resets(base, over);
  make_alike(base, type.shape);
  if (over.is_null()) return;
  make_alike(over, type.shape);
  if (type.shape == Shape::hosts) drop_known(base, over);
  if (!base.is_mapping() || !over.is_mapping()) return;
  KeyIndex index(*base.mapping());
  for (Entry& entry : *over.mapping()) {
    const Type* child = type_of_member(type, entry.key);
    Entry* met = child ? index.find(entry.key) : nullptr;
    if (met) make_alike(met->value, entry.value, *child);
  }
}

void unify_pairs(Node& node, const Type& type) {
  if (auto* items = node.sequence(); items && type.shape == Shape::key_values) {
    Mapping pairs;
    KeyIndex index(pairs);
    for (Node& item : *items) {
      std::string key = key_of(item);
      Entry* met = index.find(key);
      (met ? met->value : index.add({key, item.span, {}}).value) = std::move(item);
    }
    items->clear();
    for (Entry& pair : pairs) items->push_back(std::move(pair.value));
  } else if (items && type.items) {
    for (Node& item : *items) unify_pairs(item, *type.items);
  } else if (auto* entries = node.mapping()) {
    for (Entry& entry : *entries)
      if (const Type* child = type_of_member(type, entry.key)) unify_pairs(entry.value, *child);
  }
}

}  // namespace estiba::spec
