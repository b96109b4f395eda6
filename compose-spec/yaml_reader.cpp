#include "compose-spec/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>

#include "base/error.hpp"
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

size_t count_nodes(const Node& node) {
  size_t count = 1;
  if (auto* items = node.sequence())
    for (const Node& item : *items) count += count_nodes(item);
  if (auto* entries = node.mapping())
    for (const Entry& entry : *entries) count += count_nodes(entry.value);
  return count;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Sources& sources, uint32_t source, Report& report)
      : sources_(sources), source_(source), report_(report) {}

  Node take() { return std::move(root_); }

  // A token that can begin nothing (a comma in the open) is left where it is by yaml-cpp, which
  // then finds one empty document after the other there, for ever.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_start_)
      throw Refused{at(mark), "this character cannot begin a value", "quote the value"};
    last_start_ = mark.pos;
    anchors_.clear();
    open_.clear();
    root_ = Node{};
  }
  void OnDocumentEnd() override {}

  // The mark of an empty value is that of the next token, so it is shown at its key instead.
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Span span = at(mark);
    if (!open_.empty() && open_.back().has_key) span = open_.back().key_span;
    add(Node{{}, span}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Refused{at(mark), "this alias stands inside its own anchor",
                    "a value cannot contain itself"};
    copied_ += found->second.size;
    if (copied_ > most_copied_nodes)
      throw Refused{at(mark), "aliases expand to more than two million values",
                    "write the file with fewer nested aliases"};
    add(Node(found->second.node), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Node node{{}, at(mark)};
    node.tag = merge_tag(tag);
    if (tag == "!" || tag.empty()) {
      node.value = text;
    } else if (tag == "?" || node.tag != MergeTag::none) {
      node.value = resolve_plain(text);
    } else if (auto value = resolve_tagged(tag, text)) {
      node.value = std::move(*value);
    } else {
      report_.error(node.span, Path(), cat("\"", text, "\" is no ", tag.substr(tag.rfind(':') + 1)),
                    "remove the tag");
      node.value = text;
    }
    add(std::move(node), anchor, text);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node{Sequence(), at(mark)}, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node{Mapping(), at(mark)}, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    if (auto merged = std::move(open_.back().merged); merged) merge_in(*merged);
    close();
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
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

  Span at(const YAML::Mark& mark) const {
    return {source_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

  static MergeTag merge_tag(const std::string& tag) {
    if (tag == "!reset") return MergeTag::reset;
    return tag == "!override" ? MergeTag::replace : MergeTag::none;
  }

  void open(Node node, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= deepest)
      throw Refused{node.span,
                    cat("values are nested more than ", std::to_string(deepest), " levels deep"),
                    ""};
    if (!open_.empty() && open_.back().node.is_mapping() && !open_.back().has_key)
      throw Refused{node.span, "a key must be a plain text", "quote it if it begins with [ or {"};
    node.tag = merge_tag(tag);
    open_.push_back({std::move(node), anchor, false, {}, {}, {}, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(Node node, YAML::anchor_t anchor, std::string_view text = {}) {
    if (anchor != YAML::NullAnchor)
      anchors_.insert_or_assign(anchor, Anchored{node, count_nodes(node)});
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
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  size_t copied_ = 0;
  int last_start_ = -1;
};

// A "..." at the end makes yaml-cpp see a quote that is never closed, which it otherwise accepts.
std::string with_end_marker(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 5);
  out += text;
  if (!out.ends_with('\n')) out += '\n';
  return out += "...\n";
}

}  // namespace

std::vector<Node> read_yaml(const Sources& sources, uint32_t source, Report& report) {
  std::string_view text = sources.text(source);
  if (!check_encoding(text, source, report)) return {};
  std::vector<Node> documents;
  std::istringstream stream(with_end_marker(text));
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder(sources, source, report);
    while (parser.HandleNextDocument(builder)) documents.push_back(builder.take());
  } catch (const Refused& refused) {
    report.error(refused.span, Path(), refused.message, refused.hint);
  } catch (const YAML::Exception& error) {
    Span span{source, static_cast<uint32_t>(std::max(error.mark.line, 0) + 1),
              static_cast<uint32_t>(std::max(error.mark.column, 0) + 1)};
    Finding finding = explain_syntax_error(error.msg, span, sources);
    report.error(finding.span, Path(), finding.message, finding.hint);
  }
  return documents;
}

}  // namespace estiba::spec
