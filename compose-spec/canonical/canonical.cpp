#include "compose-spec/canonical/canonical.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "compose-spec/cast.hpp"

namespace estiba::spec {
namespace {

using namespace canonical;

Node list_of(Node item) {
  Node list{Sequence(), item.span};
  list.tag = std::exchange(item.tag, MergeTag::none);
  list.sequence()->push_back(std::move(item));
  return list;
}

Node mapping_of(std::string_view key, Node value) {
  Node mapping{Mapping(), value.span};
  mapping.tag = std::exchange(value.tag, MergeTag::none);
  Span span = value.span;
  mapping.mapping()->push_back({std::string(key), span, std::move(value)});
  return mapping;
}

Node key_set(const Node& list) {
  Node out{Mapping(), list.span};
  out.tag = list.tag;
  KeyIndex keys(*out.mapping());
  for (const Node& item : *list.sequence())
    if (!keys.find(*item.string())) keys.add({*item.string(), item.span, Node{{}, item.span}});
  return out;
}

Node expand_dependencies(const Node& list) {
  Node out = key_set(list);
  for (Entry& entry : *out.mapping()) {
    entry.value.value = Mapping();
    entry.value.set("condition", std::string("service_started"));
  }
  return out;
}

void default_member(Node& mapping, std::string_view key, Node::Value value) {
  if (mapping.is_mapping() && !mapping.find(key)) mapping.set(key, std::move(value));
}

Node expand_health_test(const Node& node) {
  Node list = list_of(node);
  list.sequence()->insert(list.sequence()->begin(), Node{std::string("CMD-SHELL"), node.span});
  return list;
}

Node expand_gpus(const Node& node) {
  Node all = mapping_of("count", Node{int64_t{-1}, node.span});
  all.tag = node.tag;
  return list_of(std::move(all));
}

class Canonicaliser {
 public:
  Canonicaliser(const SchemaOptions& options, Report& report)
      : options_(options), report_(report) {}

  void rewrite(Node& node, const Type& type, const Path& path) {
    if (node.tag == MergeTag::reset) return;
    // What it extends may have a value for it.
    if (node.is_null() && !(type.forms & null_form)) return;
    try {
      reshape(node, type, path);
    } catch (const BadShortForm& bad) {
      report_.error(node.span, path, bad.message, bad.hint);
      return;
    }
    descend(node, type, path);
    if (node.is_scalar()) cast(node, type, path);
    finish(node, type.shape);
  }

 private:
  // A text with variables that stay (--no-interpolate) has no form yet.
  bool is_open(const Node& node) const {
    auto* text = node.string();
    return text && !options_.interpolated && text->find('$') != std::string::npos;
  }

  void reshape(Node& node, const Type& type, const Path& path) {
    // A mount with variables can still be taken apart, its separators stand outside of ${...}.
    if (is_open(node) && type.shape != Shape::volume) return;
    const bool text = node.string() != nullptr;
    const bool list = node.is_sequence();
    switch (type.shape) {
      case Shape::plain:
      case Shape::ulimit:
        return;
      case Shape::key_values:
        if (list)
          node = &type == &types::environment ? expand_environment(node) : expand_key_values(node);
        return;
      case Shape::ssh:
        if (list) node = expand_ssh(node);
        return;
      case Shape::key_set:
        if (list) node = key_set(node);
        return;
      case Shape::depends_on:
        if (list) node = expand_dependencies(node);
        return;
      case Shape::option_list:
        return;  // defaults does it: until all is merged, one value and a list of one differ
      case Shape::text_list:
        if (!list && !node.is_null()) node = list_of(std::move(node));
        return;
      case Shape::words:
        if (text) expand_command(node, path);
        return;
      case Shape::health_test:
        if (text) node = expand_health_test(node);
        return;
      case Shape::build:
        if (text) node = mapping_of("context", std::move(node));
        return;
      case Shape::ports:
        return reshape_ports(node, path);
      case Shape::volume:
        if (text) node = expand_volume(node);
        return;
      case Shape::device:
        if (text) node = expand_device(node);
        return;
      case Shape::service_secret:
      case Shape::file_reference:
        if (text) node = mapping_of("source", std::move(node));
        return;
      case Shape::env_file:
      case Shape::include:
        if (text) node = mapping_of("path", std::move(node));
        return;
      case Shape::extends:
        if (text) node = mapping_of("service", std::move(node));
        return;
      case Shape::hosts:
        node = expand_hosts(node);
        return;
      case Shape::gpus:
        if (text) node = expand_gpus(node);
        return;
      case Shape::external:
        return;
    }
  }

  void expand_command(Node& node, const Path& path) {
    SplitCommand split = split_command(*node.string());
    if (!split.rest.empty())
      report_.warning(node.span, path,
                      cat("no shell runs this command: \"", split.rest, "\" is left out"),
                      "write [\"sh\", \"-c\", \"...\"] for what a shell is to run");
    Sequence words;
    for (std::string& word : split.words) words.push_back(Node{std::move(word), node.span});
    node.value = std::move(words);
  }

  // One written port may be many.
  void reshape_ports(Node& node, const Path& path) {
    Sequence out;
    Sequence& items = *node.sequence();
    auto open = [this](const Node& item) { return is_open(item); };
    if (std::any_of(items.begin(), items.end(), open)) return;
    for (size_t i = 0; i < items.size(); ++i) {
      Node& item = items[i];
      if (item.is_mapping() || item.tag == MergeTag::reset) {
        default_member(item, "mode", std::string("ingress"));
        default_member(item, "protocol", std::string("tcp"));
        out.push_back(std::move(item));
        continue;
      }
      try {
        for (Node& port : expand_port(item)) {
          port.tag = item.tag;
          out.push_back(std::move(port));
        }
      } catch (const BadShortForm& bad) {
        report_.error(item.span, Path(path, i), bad.message, bad.hint);
      }
    }
    items = std::move(out);
  }

  void descend(Node& node, const Type& type, const Path& path) {
    if (auto* items = node.sequence()) {
      for (size_t i = 0; type.items && i < items->size(); ++i)
        rewrite((*items)[i], *type.items, Path(path, i));
      return;
    }
    auto* entries = node.mapping();
    if (!entries) return;
    for (Entry& entry : *entries)
      if (const Type* child = type_of_member(type, entry.key))
        rewrite(entry.value, *child, Path(path, entry.key));
    lift_external_name(node, path);
  }

  // The deprecated `external: {name: x}` says both `external: true` and `name: x`.
  void lift_external_name(Node& node, const Path& path) {
    Node* external = node.find("external");
    if (!external || !external->is_mapping()) return;
    std::optional<Node> name;
    if (const Node* found = external->find("name")) name = *found;
    external->value = true;
    if (!name) return;
    const Node* own = node.find("name");
    if (own && scalar_text(*own) != scalar_text(*name))
      report_.error(name->span, path, "name and external.name say different things",
                    "write external: true and name");
    if (!own) node.set("name", name->value);
  }

  void cast(Node& node, const Type& type, const Path& path) {
    bool stays_null = node.is_null() && type.cast != Cast::text;
    if (type.cast == Cast::none || stays_null || is_open(node)) return;
    auto value = cast_scalar(node, type.cast);
    if (value && in_bounds(*value, type)) {
      node.value = std::move(*value);
      return;
    }
    report_.error(node.span, path, cat("\"", scalar_text(node), "\" is not ", type.noun));
  }

  static bool in_bounds(const Node::Value& value, const Type& type) {
    std::optional<int64_t> number;
    if (auto* whole = std::get_if<int64_t>(&value)) number = *whole;
    if (auto* text = std::get_if<std::string>(&value)) number = text::to_int(*text);
    if (auto* real = std::get_if<double>(&value); real && std::abs(*real) < 9e18)
      number = static_cast<int64_t>(*real);
    return !number || (*number >= type.least && *number <= type.most);
  }

  void finish(Node& node, Shape shape) {
    if (shape == Shape::env_file) default_member(node, "required", true);
    if (shape != Shape::depends_on || !node.is_mapping()) return;
    for (Entry& entry : *node.mapping()) default_member(entry.value, "required", true);
  }

  const SchemaOptions& options_;
  Report& report_;
};

}  // namespace

void canonicalise(Node& node, const Type& type, const Path& path, const SchemaOptions& options,
                  Report& report) {
  Canonicaliser(options, report).rewrite(node, type, path);
}

}  // namespace estiba::spec
