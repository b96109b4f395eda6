#include "compose-spec/yaml_reader.hpp"

#include <yaml.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/scalar.hpp"
#include "compose-spec/yaml_text.hpp"

namespace estiba::spec {
namespace {

constexpr size_t deepest = 100;
// Nodes that aliases may add: far above any honest file, far below a "billion laughs".
constexpr size_t most_copied_nodes = 2'000'000;
// Mappings up to this size are searched for a duplicate key one by one.
constexpr size_t small_mapping = 16;
constexpr size_t usual_entries = 4;

struct Refused {
  Span span;
  std::string message;
  std::string hint;
};

std::string_view view(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

size_t count_nodes(const Node& node) {
  size_t count = 1;
  if (auto* items = node.sequence())
    for (const Node& item : *items) count += count_nodes(item);
  if (auto* entries = node.mapping())
    for (const Entry& entry : *entries) count += count_nodes(entry.value);
  return count;
}

// The events of one document, put together to a tree.
class TreeBuilder {
 public:
  TreeBuilder(const Sources& sources, uint32_t source, Report& report)
      : sources_(sources), source_(source), report_(report) {}

  void on(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return add_alias(at(event.start_mark), std::string(view(event.data.alias.anchor)));
      case YAML_SCALAR_EVENT:
        return add_scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return open(Node{Sequence(), at(event.start_mark)}, event.data.sequence_start);
      case YAML_MAPPING_START_EVENT:
        return open(Node{Mapping(), at(event.start_mark)}, event.data.mapping_start);
      case YAML_MAPPING_END_EVENT:
        if (auto merged = std::move(open_.back().merged); merged) merge_in(*merged);
        return close();
      case YAML_SEQUENCE_END_EVENT:
        return close();
      case YAML_DOCUMENT_END_EVENT:
        documents_.push_back(std::exchange(root_, Node{}));
        anchors_.clear();
        return;
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
        return;
    }
  }

  std::vector<Node> take() { return std::move(documents_); }

 private:
  struct Open {
    Node node;
    std::string anchor;
    bool has_key = false;
    std::string key;
    Span key_span;
    std::optional<Node> merged;  // the value of <<
    std::unordered_map<std::string, Span> keys;
  };
  struct Anchored {
    Node node;
    size_t size;
  };

  Span at(const yaml_mark_t& mark) const {
    return {source_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

  static MergeTag merge_tag(std::string_view tag) {
    if (tag == "!reset") return MergeTag::reset;
    return tag == "!override" ? MergeTag::replace : MergeTag::none;
  }

  void add_alias(Span span, const std::string& anchor) {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw unknown_anchor(span, anchor);
    copied_ += found->second.size;
    if (copied_ > most_copied_nodes)
      throw Refused{span, "aliases expand to more than two million values",
                    "write the file with fewer nested aliases"};
    add(Node(found->second.node), {});
  }

  Refused unknown_anchor(Span span, const std::string& anchor) const {
    bool inside = std::any_of(open_.begin(), open_.end(),
                              [&](const Open& open) { return open.anchor == anchor; });
    if (inside)
      return {span, cat("the alias \"*", anchor, "\" stands inside its own anchor"),
              "a value cannot contain itself"};
    std::vector<std::string> names;
    for (const auto& [name, value] : anchors_) names.push_back(name);
    auto near = text::nearest(anchor, names);
    return {span, cat("there is no anchor \"&", anchor, "\" above this alias"),
            near ? cat("did you mean \"*", *near, "\"?")
                 : "define it above in the same document, or quote the value if it begins with *"};
  }

  void add_scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    std::string_view tag = view(scalar.tag);
    Node node{{}, at(event.start_mark)};
    node.tag = merge_tag(tag);
    if (scalar.plain_implicit || (node.tag != MergeTag::none && !is_quoted(scalar.style))) {
      node.value = resolve_plain(text);
    } else if (tag.empty() || tag == "!" || node.tag != MergeTag::none) {
      node.value = std::string(text);
    } else if (auto value = resolve_tagged(tag, text)) {
      node.value = std::move(*value);
    } else {
      report_.error(node.span, Path(), cat("\"", text, "\" is no ", tag.substr(tag.rfind(':') + 1)),
                    "remove the tag");
      node.value = std::string(text);
    }
    // The mark of an empty value is where the next thing begins; people look for it at its key.
    if (node.is_null() && !open_.empty() && open_.back().has_key) node.span = open_.back().key_span;
    add(std::move(node), view(scalar.anchor), text);
  }

  static bool is_quoted(yaml_scalar_style_t style) { return style != YAML_PLAIN_SCALAR_STYLE; }

  template <typename Start>
  void open(Node node, const Start& start) {
    if (open_.size() >= deepest)
      throw Refused{node.span,
                    cat("values are nested more than ", std::to_string(deepest), " levels deep"),
                    ""};
    if (!open_.empty() && open_.back().node.is_mapping() && !open_.back().has_key)
      throw Refused{node.span, "a key must be a plain text", "quote it if it begins with [ or {"};
    node.tag = merge_tag(view(start.tag));
    open_.push_back({std::move(node), std::string(view(start.anchor)), false, {}, {}, {}, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(Node node, std::string_view anchor, std::string_view text = {}) {
    if (!anchor.empty())
      anchors_.insert_or_assign(std::string(anchor), Anchored{node, count_nodes(node)});
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (auto* items = parent.node.sequence()) {
      items->push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, node, text);
    } else {
      take_value(parent, std::move(node));
    }
  }

  void take_key(Open& parent, const Node& node, std::string_view text) {
    if (!node.is_scalar()) throw Refused{node.span, "a key must be a plain text", ""};
    if (!node.string())
      report_.error(node.span, Path(),
                    cat("a key must be a string, not ", node.is_null() ? "null" : kind_name(node)),
                    cat("quote it: \"", text.empty() ? "null" : text, "\""));
    parent.key = text.empty() ? scalar_text(node) : std::string(text);
    parent.key_span = node.span;
    parent.has_key = true;
  }

  void take_value(Open& parent, Node node) {
    parent.has_key = false;
    if (parent.key == "<<" && !parent.merged) {
      check_merge(node, parent.key_span);
      parent.merged = std::move(node);
      return;
    }
    if (auto first = first_use(parent)) {
      Place place = sources_.place(*first);
      report_.error(parent.key_span, Path(),
                    cat("key \"", parent.key, "\" is written twice in this mapping"),
                    cat("the first is on line ", std::to_string(place.line)));
      return;
    }
    Mapping& entries = *parent.node.mapping();
    if (entries.empty()) entries.reserve(usual_entries);
    entries.push_back({std::move(parent.key), parent.key_span, std::move(node)});
  }

  // Where the key in hand was already written in its mapping.
  static std::optional<Span> first_use(Open& parent) {
    Mapping& entries = *parent.node.mapping();
    if (entries.size() < small_mapping) {
      for (const Entry& entry : entries)
        if (entry.key == parent.key) return entry.key_span;
      return std::nullopt;
    }
    if (parent.keys.empty())
      for (const Entry& entry : entries) parent.keys.emplace(entry.key, entry.key_span);
    auto [found, fresh] = parent.keys.emplace(parent.key, parent.key_span);
    if (fresh) return std::nullopt;
    return found->second;
  }

  void check_merge(const Node& node, Span key_span) {
    bool fits = node.is_mapping();
    if (auto* items = node.sequence()) {
      fits = true;
      for (const Node& item : *items) fits = fits && item.is_mapping();
    }
    if (!fits)
      report_.error(key_span, Path(), "<< merges a mapping or a list of mappings",
                    cat("this is ", kind_name(node)));
  }

  // YAML 1.1 merge keys: keys of the mapping itself win, then earlier mappings over later ones.
  void merge_in(const Node& merged) {
    KeyIndex target(*open_.back().node.mapping());
    auto add_missing = [&](const Node& from) {
      if (auto* entries = from.mapping())
        for (const Entry& entry : *entries)
          if (!target.find(entry.key)) target.add(entry);
    };
    if (auto* items = merged.sequence()) {
      for (const Node& item : *items) add_missing(item);
    } else {
      add_missing(merged);
    }
  }

  const Sources& sources_;
  uint32_t source_;
  Report& report_;
  Node root_;
  std::vector<Open> open_;
  std::unordered_map<std::string, Anchored> anchors_;
  std::vector<Node> documents_;
  size_t copied_ = 0;
};

// libyaml's parser over a text that outlives it, and the event in hand.
class Events {
 public:
  explicit Events(std::string_view text) {
    if (!yaml_parser_initialize(&parser_)) throw Error("out of memory");
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  /// The next event, or null where the text is no YAML.
  const yaml_event_t* next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) ? &event_ : nullptr;
  }

  SyntaxError error(uint32_t source) const {
    auto span = [&](const yaml_mark_t& mark) {
      return Span{source, static_cast<uint32_t>(mark.line + 1),
                  static_cast<uint32_t>(mark.column + 1)};
    };
    auto text = [](const char* words) { return words ? std::string(words) : std::string(); };
    return {text(parser_.problem), text(parser_.context), span(parser_.problem_mark),
            span(parser_.context_mark)};
  }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

}  // namespace

std::vector<Node> read_yaml(const Sources& sources, uint32_t source, Report& report) {
  std::string_view text = sources.text(source);
  if (!check_encoding(text, source, report)) return {};
  TreeBuilder builder(sources, source, report);
  Events events(text);
  try {
    while (const yaml_event_t* event = events.next()) {
      if (event->type == YAML_STREAM_END_EVENT) return builder.take();
      builder.on(*event);
    }
  } catch (const Refused& refused) {
    report.error(refused.span, Path(), refused.message, refused.hint);
    return builder.take();
  }
  Finding finding = explain_syntax_error(events.error(source), sources);
  report.error(finding.span, Path(), finding.message, finding.hint);
  return builder.take();
}

}  // namespace estiba::spec
