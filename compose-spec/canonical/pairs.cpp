// Lists of KEY=VALUE → mappings: environment, labels, hosts, ssh keys.
#include "base/error.hpp"
#include "compose-spec/canonical/canonical.hpp"

namespace estiba::spec::canonical {
namespace {

void set_pair(Node& mapping, const Node& item, std::string_view key, Node::Value value) {
  Node& target = mapping.at_or_add(key);
  target.value = std::move(value);
  target.span = item.span;
}

// "[::1]" is written in brackets where a colon separates.
std::string address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return std::string(text);
}

void add_host(Node& hosts, const Node& where, std::string_view host, const Node& value) {
  Node& list = hosts.at_or_add(host);
  if (list.is_null()) {
    list.value = Sequence();
    list.span = where.span;
  }
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
  for (const Node& item : *list.sequence()) {
    std::string_view text = *item.string();
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      set_pair(out, item, text, {});
    } else {
      set_pair(out, item, text.substr(0, equals), std::string(text.substr(equals + 1)));
    }
  }
  return out;
}

Node expand_hosts(const Node& value) {
  Node out{Mapping(), value.span};
  out.tag = value.tag;
  if (auto* entries = value.mapping()) {
    for (const Entry& entry : *entries) add_host(out, entry.value, entry.key, entry.value);
    return out;
  }
  for (const Node& item : *value.sequence()) {
    const std::string& text = *item.string();
    size_t separator = text.find('=');
    if (separator == std::string::npos) separator = text.find(':');
    if (separator == std::string::npos || separator == 0)
      throw BadShortForm{cat("\"", text, "\" is not a host entry"), "write HOST=ADDRESS"};
    add_host(out, item, text.substr(0, separator), Node{text.substr(separator + 1), item.span});
  }
  return out;
}

Node expand_ssh(const Node& list) { return expand_key_values(list); }

}  // namespace estiba::spec::canonical
