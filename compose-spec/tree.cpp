#include "compose-spec/tree.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.hpp"

namespace estiba::spec {
namespace {

// Where numbers get an exponent.
struct PlainRange {
  double from, below;
};
constexpr PlainRange text_range{1e-4, 1e6};
constexpr PlainRange json_range{1e-6, 1e21};

template <typename Number>
std::string format_number(Number number, PlainRange range) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  Number size = std::abs(number);
  bool plain = size == 0 || (size >= Number(range.from) && size < Number(range.below));
  std::array<char, 64> buffer{};
  auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
  return {buffer.data(), end};
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const Mapping* entries = mapping();
  if (!entries) return nullptr;
  // Sizes and first letters settle nearly all comparisons.
  for (const Entry& entry : *entries)
    if (entry.key.size() == key.size() && (key.empty() || entry.key[0] == key[0]) &&
        entry.key == key)
      return &entry.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

Node& Node::at_or_add(std::string_view key) {
  if (Node* found = find(key)) return *found;
  Mapping& entries = std::get<Mapping>(value);
  entries.push_back({std::string(key), span, Node{{}, span}});
  return entries.back().value;
}

void Node::set(std::string_view key, Value new_value) {
  at_or_add(key).value = std::move(new_value);
}

void Node::erase(std::string_view key) {
  if (Mapping* entries = mapping())
    std::erase_if(*entries, [&](const Entry& entry) { return entry.key == key; });
}

namespace {
// Up to this size a mapping is searched key by key.
constexpr size_t small_mapping = 16;
}  // namespace

Entry* KeyIndex::find(std::string_view key) {
  if (entries_.size() < small_mapping) {
    auto found = std::find_if(entries_.begin(), entries_.end(),
                              [&](const Entry& entry) { return entry.key == key; });
    return found == entries_.end() ? nullptr : &*found;
  }
  for (size_t i = places_.size(); i < entries_.size(); ++i) places_.emplace(entries_[i].key, i);
  auto found = places_.find(std::string(key));
  return found == places_.end() ? nullptr : &entries_[found->second];
}

Entry& KeyIndex::add(Entry entry) {
  entries_.push_back(std::move(entry));
  return entries_.back();
}

std::string format_real(double number) { return format_number(number, text_range); }
std::string format_real32(double number) {
  return format_number(static_cast<float>(number), text_range);
}
std::string format_json_real(double number) { return format_number(number, json_range); }
std::string format_json_real32(double number) {
  return format_number(static_cast<float>(number), json_range);
}

std::string scalar_text(const Node& node) {
  if (auto* text = node.string()) return *text;
  if (auto* flag = node.boolean()) return *flag ? "true" : "false";
  if (auto* number = node.integer()) return std::to_string(*number);
  if (auto* number = node.real()) return format_real(*number);
  if (auto* time = node.timestamp()) return time->text;
  return {};
}

std::string text_of(const Node& node, std::string_view key, std::string_view otherwise) {
  const Node* found = node.find(key);
  return found ? scalar_text(*found) : std::string(otherwise);
}

bool same_value(const Node& a, const Node& b) {
  if (a.value.index() != b.value.index()) return false;
  if (auto* items = a.sequence()) {
    const Sequence& others = *b.sequence();
    if (items->size() != others.size()) return false;
    for (size_t i = 0; i < items->size(); ++i)
      if (!same_value((*items)[i], others[i])) return false;
    return true;
  }
  if (auto* entries = a.mapping()) {
    if (entries->size() != b.mapping()->size()) return false;
    Mapping others = *b.mapping();
    KeyIndex index(others);
    return std::all_of(entries->begin(), entries->end(), [&](const Entry& entry) {
      const Entry* other = index.find(entry.key);
      return other && same_value(entry.value, other->value);
    });
  }
  return scalar_text(a) == scalar_text(b);
}

std::string_view kind_name(const Node& node) {
  constexpr std::array<std::string_view, 8> names{"nothing",  "a boolean", "a number",  "a number",
                                                  "a string", "a list",    "a mapping", "a date"};
  return names[node.value.index()];
}

std::string Path::text() const {
  std::string before = parent_ ? parent_->text() : std::string();
  if (is_index_) return cat(before, "[", std::to_string(index_), "]");
  if (key_.empty()) return before;
  return before.empty() ? std::string(key_) : cat(before, ".", key_);
}

}  // namespace estiba::spec
