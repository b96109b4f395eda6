// Lists of KEY=VALUE → mappings: environment, labels, hosts, ssh keys.
#include "base/error.hpp"
#include "compose-spec/canonical/canonical.hpp"

namespace estiba::spec::canonical {
namespace {

void set_pair(KeyIndex& pairs, const Node& item, std::string_view key, Node::Value value) {
  if (Entry* met = pairs.find(key)) {
    met->value = Node{std::move(value), item.span};
  } else {
    pairs.add({std::string(key), item.span, Node{std::move(value), item.span}});
  }
}

// "[::1]" is written in brackets where a colon separates.
std::string address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return std::string(text);
}

void add_host(KeyIndex& hosts, const Node& where, std::string_view host, const Node& value) {
  Entry* met = hosts.find(host);
  if (!met) met = &hosts.add({std::string(host), where.span, Node{Sequence(), where.span}});
  Node& list = met->value;
  auto add = [&](const Node& item) {
    list.sequence()->push_back(Node{address(scalar_text(item)), item.span});
  };
  if (auto* items = value.sequence()) {
    for (const Node& item : *items) add(item);
  } else {
    add(value);
  }
}

}  // namespace

Node expand_key_values(const Node& list) {
  Node out{Mapping(), list.span};
  out.tag = list.tag;
  KeyIndex pairs(*out.mapping());
  for (const Node& item : *list.sequence()) {
    std::string_view text = *item.string();
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      set_pair(pairs, item, text, {});
    } else {
      set_pair(pairs, item, text.substr(0, equals), std::string(text.substr(equals + 1)));
    }
  }
  return out;
}

Node expand_environment(const Node& list) {
  Node out = expand_key_values(list);
  for (const Entry& entry : *out.mapping())
    if (entry.key.ends_with(' ') || entry.key.ends_with('\t'))
      throw BadShortForm{cat("the name of the variable \"", entry.key, "\" ends with a blank"),
                         "write NAME=VALUE without blanks around the ="};
  return out;
}

Node expand_hosts(const Node& value) {
  Node out{Mapping(), value.span};
  out.tag = value.tag;
  KeyIndex hosts(*out.mapping());
  if (auto* entries = value.mapping()) {
    for (const Entry& entry : *entries) add_host(hosts, entry.value, entry.key, entry.value);
    return out;
  }
  for (const Node& item : *value.sequence()) {
    const std::string& text = *item.string();
    size_t separator = text.find('=');
    if (separator == std::string::npos) separator = text.find(':');
    if (separator == std::string::npos || separator == 0)
      throw BadShortForm{cat("\"", text, "\" is not a host entry"), "write HOST=ADDRESS"};
    add_host(hosts, item, text.substr(0, separator), Node{text.substr(separator + 1), item.span});
  }
  return out;
}

Node expand_ssh(const Node& list) { return expand_key_values(list); }

}  // namespace estiba::spec::canonical
