// The positioned tree that every phase reads and rewrites: YAML's data model, keys as strings, each
// value with the place it was written at. It knows nothing of Compose.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "compose-spec/source.hpp"

namespace estiba::spec {

struct Entry;
class Node;
using Sequence = std::vector<Node>;
using Mapping = std::vector<Entry>;

/// What a value does to the one it meets in a merge: the YAML tags !reset and !override.
enum class MergeTag : uint8_t { none, reset, replace };

/// What YAML takes for a point in time, as RFC 3339 writes it. No attribute wants one: people who
/// write 2021-01-01 mean a text, and are told to quote it.
struct Timestamp {
  std::string text;
};

class Node {
 public:
  using Value = std::variant<std::monostate, bool, int64_t, double, std::string, Sequence, Mapping,
                             Timestamp>;

  Node();
  Node(Value v, Span where);

  bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  bool is_scalar() const { return !is_sequence() && !is_mapping(); }
  bool is_sequence() const { return std::holds_alternative<Sequence>(value); }
  bool is_mapping() const { return std::holds_alternative<Mapping>(value); }

  /// Pointers into the value, null where it is of another kind.
  const std::string* string() const { return std::get_if<std::string>(&value); }
  std::string* string() { return std::get_if<std::string>(&value); }
  const bool* boolean() const { return std::get_if<bool>(&value); }
  const int64_t* integer() const { return std::get_if<int64_t>(&value); }
  const double* real() const { return std::get_if<double>(&value); }
  const Timestamp* timestamp() const { return std::get_if<Timestamp>(&value); }
  const Sequence* sequence() const { return std::get_if<Sequence>(&value); }
  Sequence* sequence() { return std::get_if<Sequence>(&value); }
  const Mapping* mapping() const { return std::get_if<Mapping>(&value); }
  Mapping* mapping() { return std::get_if<Mapping>(&value); }

  /// The member of a mapping, or null.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  /// The member of a mapping, made null if it is missing. The node must be a mapping.
  Node& at_or_add(std::string_view key);
  void set(std::string_view key, Value value);
  void erase(std::string_view key);

  Value value;
  Span span;
  MergeTag tag = MergeTag::none;
};

struct Entry {
  std::string key;
  Span key_span;
  Node value;
};

// A Node holds Entries and an Entry a Node: only here both are complete.
inline Node::Node() = default;
inline Node::Node(Value v, Span where) : value(std::move(v)), span(where) {}

/// Finds keys of a mapping while entries are added to it, without a search through all of them. The
/// mapping must not lose entries meanwhile.
class KeyIndex {
 public:
  explicit KeyIndex(Mapping& entries) : entries_(entries) {}
  Entry* find(std::string_view key);
  Entry& add(Entry entry);

 private:
  Mapping& entries_;
  /// Filled once the mapping is large; the keys' texts are kept, as entries move.
  std::unordered_map<std::string, size_t> places_;
};

/// A scalar as a plain text: true, 8, 1.5, the string itself; null is empty.
std::string scalar_text(const Node& node);
/// The same of a member of a mapping, or `otherwise` if it is not there.
std::string text_of(const Node& node, std::string_view key, std::string_view otherwise = {});
/// As Go prints a float64 in a text, and in YAML: "1.5", "1e+06".
std::string format_real(double number);
std::string format_real32(double number);
/// As Go's encoding/json prints it: "1000000", "1e+21".
std::string format_json_real(double number);
std::string format_json_real32(double number);
/// Whether two values are the same but for their places.
bool same_value(const Node& a, const Node& b);
/// What kind of value it is, as a sentence needs it: "a list", "a number".
std::string_view kind_name(const Node& node);

/// The way from the root to a value: a list on the stack, written out only for a message.
class Path {
 public:
  Path() = default;
  explicit Path(std::string_view key) : key_(key) {}
  Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}
  Path(const Path& parent, size_t index) : parent_(&parent), index_(index), is_index_(true) {}
  /// "services.web.ports[0]"
  std::string text() const;

 private:
  const Path* parent_ = nullptr;
  std::string_view key_;
  size_t index_ = 0;
  bool is_index_ = false;
};

}  // namespace estiba::spec
