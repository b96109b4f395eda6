#include "compose-spec/sound.hpp"

#include <set>
#include <tuple>

namespace estiba::spec {
namespace {

using SpanKey = std::tuple<uint32_t, uint32_t, uint32_t>;
constexpr size_t resource_depth = 2;  // services.NAME, networks.NAME, ...
constexpr int most_rounds = 3;

SpanKey key_of(Span span) { return {span.source, span.line, span.column}; }

class Dropper {
 public:
  explicit Dropper(const Report& report) {
    for (Span span : report.error_spans()) faulty_.insert(key_of(span));
  }

  void drop(Node& node, size_t depth) {
    if (auto* items = node.sequence()) {
      std::erase_if(*items, [&](const Node& item) { return is_faulty(item); });
      for (Node& item : *items) drop(item, depth + 1);
      return;
    }
    auto* entries = node.mapping();
    if (!entries) return;
    bool resources = depth + 1 == resource_depth;
    std::erase_if(*entries, [&](Entry& entry) {
      if (faulty_.contains(key_of(entry.key_span))) return true;
      if (!is_faulty(entry.value)) return false;
      if (resources) entry.value.value = Mapping();
      return !resources;
    });
    for (Entry& entry : *entries) drop(entry.value, depth + 1);
  }

 private:
  // A mapping in lines of its own begins where its first key does: the finding is that key's.
  bool is_faulty(const Node& node) const {
    if (!faulty_.contains(key_of(node.span))) return false;
    const Mapping* entries = node.mapping();
    bool of_first_key =
        entries && !entries->empty() && key_of(entries->front().key_span) == key_of(node.span);
    return !of_first_key;
  }

  std::set<SpanKey> faulty_;
};

}  // namespace

void drop_faulty(Node& document, const Report& report) { Dropper(report).drop(document, 0); }

bool keep_sound(Node& document, const SchemaOptions& options, const Sources& sources,
                const Report& report) {
  size_t sections = document.mapping()->size();
  drop_faulty(document, report);
  for (int round = 0; round < most_rounds; ++round) {
    Report left(sources);
    validate(document, compose_file_type(), Path(), options, left);
    // Without a whole section, names that are defined would seem not to be.
    if (!left.failed()) return document.mapping()->size() == sections;
    drop_faulty(document, left);
  }
  return false;
}

}  // namespace estiba::spec
