#include "compose-spec/canonical/canonical.hpp"

#include <algorithm>
#include <array>
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

// A variable may stand without a value, a context not.
Node expand_pairs(const Node& list, const Type& type) {
  if (&type == &types::environment) return expand_environment(list);
  Node pairs = expand_key_values(list);
  for (const Entry& pair : *pairs.mapping())
    if (pair.value.is_null() && type.values->path == PathKind::build_context)
      throw BadShortForm{cat("\"", pair.key, "\" has no value"), "write NAME=CONTEXT"};
  return pairs;
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
  Node all = mapping_of("count", Node{std::string("all"), node.span});
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
      // What a variable will make of it is not known yet.
      if (options_.interpolated || type.shape == Shape::volume || type.shape == Shape::key_values)
        report_.error(node.span, path, bad.message, bad.hint);
      return;
    }
    descend(node, type, path);
    if (node.is_scalar()) cast(node, type, path);
    finish(node, type.shape);
  }

 private:
  // With --no-interpolate, texts, lists of texts and pairs keep the form they are written in.
  bool stays_short(const Type& type) const {
    if (options_.interpolated || type.always_long) return false;
    constexpr std::array<Shape, 5> short_forms{Shape::key_values, Shape::text_list, Shape::words,
                                               Shape::health_test, Shape::hosts};
    return std::find(short_forms.begin(), short_forms.end(), type.shape) != short_forms.end();
  }

  void reshape(Node& node, const Type& type, const Path& path) {
    if (stays_short(type)) return;
    const bool text = node.string() != nullptr;
    const bool list = node.is_sequence();
    switch (type.shape) {
      case Shape::plain:
        return;
      case Shape::ulimit:
        // The one value that is turned into a number before variables are looked at.
        if (text && !options_.interpolated)
          report_.error(node.span, path, cat("must be ", type.noun, ", not a string"));
        return;
      case Shape::key_values:
        if (list) node = expand_pairs(node, type);
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

  // One written port may be many. With variables left in one, all stay as they are written.
  void reshape_ports(Node& node, const Path& path) {
    Sequence out;
    Sequence& items = *node.sequence();
    for (Node& item : items) {
      default_member(item, "mode", std::string("ingress"));
      default_member(item, "protocol", std::string("tcp"));
    }
    for (size_t i = 0; i < items.size(); ++i) {
      try {
        for (Node& port : ports_of(items[i])) out.push_back(std::move(port));
      } catch (const BadShortForm& bad) {
        if (!options_.interpolated && items[i].string()) return;
        report_.error(items[i].span, Path(path, i), bad.message, bad.hint);
      }
    }
    items = std::move(out);
  }

  static Sequence ports_of(const Node& item) {
    if (item.is_mapping() || item.tag == MergeTag::reset) return {item};
    if (item.real())
      throw BadShortForm{cat(scalar_text(item), " is no whole number"), "write a port, or a text"};
    Sequence ports = expand_port(item);
    for (Node& port : ports) port.tag = item.tag;
    return ports;
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
    if (type.cast == Cast::none || stays_null) return;
    bool stays = !options_.interpolated && !type.always_long;
    if (stays && (!node.integer() || in_bounds(node.value, type))) return;
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
