#include "compose-spec/merge.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/error.hpp"

namespace estiba::spec {
namespace {

std::string mount_target(const Node& item, std::string_view directory) {
  if (item.is_scalar()) return cat(directory, "/", scalar_text(item));
  std::string target = text_of(item, "target");
  return target.empty() ? cat(directory, "/", text_of(item, "source")) : target;
}

// What tells an item apart from its siblings; empty if nothing does.
std::string identity_of(const Node& item, Identity identity) {
  switch (identity) {
    case Identity::none:
      return {};
    case Identity::text:
      return item.is_scalar() ? scalar_text(item) : std::string();
    case Identity::target:
      return item.is_mapping() ? text_of(item, "target") : scalar_text(item);
    case Identity::config_target:
      return mount_target(item, "");
    case Identity::secret_target:
      return mount_target(item, "/run/secrets");
    case Identity::path:
      return text_of(item, "path");
    case Identity::subnet:
      return text_of(item, "subnet");
    case Identity::port:
      break;
  }
  if (!item.is_mapping()) return scalar_text(item);
  return cat(text_of(item, "host_ip", "0.0.0.0"), ":", text_of(item, "published"), ":",
             text_of(item, "target"), "/", text_of(item, "protocol", "tcp"));
}

void unify_items(Sequence& items, Identity identity) {
  if (identity == Identity::none || items.size() < 2) return;
  std::unordered_map<std::string, size_t> kept_at;
  Sequence kept;
  for (Node& item : items) {
    std::string key = identity_of(item, identity);
    auto [found, fresh] = kept_at.emplace(key, kept.size());
    if (fresh || key.empty()) {
      kept.push_back(std::move(item));
    } else {
      kept[found->second] = std::move(item);
    }
  }
  items = std::move(kept);
}

class Merger {
 public:
  explicit Merger(Report& report) : report_(report) {}

  void merge(Node& base, Node over, const Type& type, const Path& path) {
    bool unlike = &type == &types::anything && base.is_scalar();
    // What an earlier file resets is not there, whatever value it is written with.
    bool replaces = base.tag == MergeTag::reset || over.tag == MergeTag::replace ||
                    type.merge == Merge::replace || unlike;
    if (replaces || base.is_null()) {
      base = std::move(over);
    } else if (over.is_null() && !base.is_scalar()) {
      return;
    } else if (base.is_scalar() && over.is_scalar()) {
      base = std::move(over);
    } else if (base.is_sequence() && over.is_sequence() && type.identity == Identity::subnet) {
      merge_pools(base, std::move(over), *type.items, path);
    } else if (base.is_sequence() && over.is_sequence()) {
      append(base, std::move(*over.sequence()), type);
    } else if (base.is_mapping() && over.is_mapping()) {
      merge_mapping(base, std::move(over), type, path);
    } else {
      report_.error(over.span, path,
                    cat("cannot override ", kind_name(base), " with ", kind_name(over)),
                    "write it in the same form, or with !override to replace it");
    }
  }

 private:
  static void append(Node& base, Sequence items, const Type& type) {
    Sequence& target = *base.sequence();
    for (Node& item : items)
      if (item.tag != MergeTag::reset) target.push_back(std::move(item));
    unify_items(target, type.identity);
  }

  // A network has the later file's address pools; one of the same subnet adds to what it was.
  void merge_pools(Node& base, Node over, const Type& type, const Path& path) {
    for (Node& pool : *over.sequence()) {
      auto same = [&](const Node& other) {
        return text_of(other, "subnet") == text_of(pool, "subnet");
      };
      auto found = std::find_if(base.sequence()->begin(), base.sequence()->end(), same);
      if (found == base.sequence()->end() || pool.tag != MergeTag::none) continue;
      Node whole = *found;
      merge(whole, std::move(pool), type, path);
      pool = std::move(whole);
    }
    base = std::move(over);
    unify_items(*base.sequence(), Identity::subnet);
  }

  void merge_mapping(Node& base, Node over, const Type& type, const Path& path) {
    if (type.merge == Merge::logging && other_driver(base, over)) {
      base = std::move(over);
      return;
    }
    KeyIndex index(*base.mapping());
    std::vector<std::string> removed;
    for (Entry& entry : *over.mapping()) {
      if (entry.value.tag == MergeTag::reset) {
        removed.push_back(entry.key);
      } else if (Entry* met = index.find(entry.key)) {
        merge_member(*met, std::move(entry), type, path);
      } else {
        index.add(std::move(entry));
      }
    }
    for (const std::string& key : removed) base.erase(key);
  }

  void merge_member(Entry& met, Entry entry, const Type& type, const Path& path) {
    met.key_span = entry.key_span;
    const Type* child = type_of_member(type, entry.key);
    merge(met.value, std::move(entry.value), child ? *child : types::anything, Path(path, met.key));
  }

  static bool other_driver(const Node& base, const Node& over) {
    const Node* first = base.find("driver");
    const Node* second = over.find("driver");
    return first && second && scalar_text(*first) != scalar_text(*second);
  }

  Report& report_;
};

}  // namespace

void merge(Node& base, Node over, const Type& type, const Path& path, Report& report) {
  Merger(report).merge(base, std::move(over), type, path);
}

namespace {

// A command without a value is the image's own, a variable without one the project's; a health
// test, a limit, an address cannot do without.
bool says_something_when_empty(const Type& type, const Type& parent) {
  bool single =
      type.shape == Shape::words || type.shape == Shape::health_test || type.shape == Shape::ulimit;
  bool pairs = parent.shape == Shape::key_values || parent.shape == Shape::hosts ||
               parent.shape == Shape::ssh;
  return single || pairs;
}

}  // namespace

void drop_empty_overrides(Node& over, Node& base, const Type& type) {
  if (!over.is_mapping() || !base.is_mapping() || base.mapping()->empty()) return;
  KeyIndex index(*base.mapping());
  auto changes_nothing = [&](Entry& entry) {
    const Type* known = type_of_member(type, entry.key);
    const Type* child = known ? known : &types::anything;
    Entry* met = index.find(entry.key);
    if (!met || met->value.is_null() || entry.value.tag != MergeTag::none) return false;
    if (entry.value.is_null()) return !says_something_when_empty(*child, type);
    drop_empty_overrides(entry.value, met->value, *child);
    return false;
  };
  std::erase_if(*over.mapping(), changes_nothing);
}

Node resets_in(const Node& node) {
  Node resets{Mapping(), node.span};
  if (!node.is_mapping()) return resets;
  for (const Entry& entry : *node.mapping()) {
    if (entry.value.tag == MergeTag::reset) {
      resets.mapping()->push_back(entry);
    } else if (Node below = resets_in(entry.value); !below.mapping()->empty()) {
      resets.mapping()->push_back({entry.key, entry.key_span, std::move(below)});
    }
  }
  return resets;
}

void put_back(Node resets, Node& node) {
  if (!node.is_mapping()) return;
  for (Entry& reset : *resets.mapping()) {
    Node* found = node.find(reset.key);
    if (!found) {
      node.mapping()->push_back(std::move(reset));
    } else if (reset.value.is_mapping() && reset.value.tag == MergeTag::none) {
      put_back(std::move(reset.value), *found);
    }
  }
}

void unify(Node& node, const Type& type) {
  if (!concerns(type, identity_concern)) return;
  if (auto* items = node.sequence()) {
    unify_items(*items, type.identity);
    for (Node& item : *items)
      if (type.items) unify(item, *type.items);
  } else if (auto* entries = node.mapping()) {
    for (Entry& entry : *entries)
      if (const Type* child = type_of_member(type, entry.key)) unify(entry.value, *child);
  }
}

void settle_tags(Node& node) {
  node.tag = MergeTag::none;
  if (auto* items = node.sequence()) {
    std::erase_if(*items, [](const Node& item) { return item.tag == MergeTag::reset; });
    for (Node& item : *items) settle_tags(item);
  } else if (auto* entries = node.mapping()) {
    std::erase_if(*entries, [](const Entry& entry) { return entry.value.tag == MergeTag::reset; });
    for (Entry& entry : *entries) settle_tags(entry.value);
  }
}

}  // namespace estiba::spec
