// The short syntax of ports: [IP:][HOST[-RANGE]:]CONTAINER[-RANGE][/PROTOCOL].
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/canonical/canonical.hpp"

namespace estiba::spec::canonical {
namespace {

struct Range {
  uint64_t first = 0, last = 0;
  uint64_t size() const { return last - first; }
};

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> binary{};
  return ::inet_pton(AF_INET, text.c_str(), binary.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), binary.data()) == 1;
}

Range parse_range(std::string_view text) {
  size_t dash = text.find('-');
  auto first = text::to_uint(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : text::to_uint(text.substr(dash + 1));
  if (!first || !last || *first > 65535 || *last > 65535)
    throw BadShortForm{cat("\"", text, "\" is not a port between 1 and 65535"), ""};
  if (*last < *first) throw BadShortForm{cat("the range \"", text, "\" runs backwards"), ""};
  return {*first, *last};
}

struct ShortPort {
  std::string host_ip, protocol = "tcp";
  std::string_view host, container;
};

// An IPv6 address must stand in brackets, or its colons would be the separators.
std::string parse_address(std::string_view text) {
  std::string address(text);
  if (text.starts_with('[') && text.ends_with(']')) address = text.substr(1, text.size() - 2);
  bool bare_v6 = !text.starts_with('[') && text.find(':') != std::string_view::npos;
  if (bare_v6)
    throw BadShortForm{cat("\"", text, "\" is not an IP address"),
                       "an IPv6 address stands in brackets: [::1]:80:80"};
  if (!address.empty() && !is_address(address))
    throw BadShortForm{cat("\"", text, "\" is not an IP address"), "write [IP:]HOST:CONTAINER"};
  return address;
}

ShortPort split(std::string_view text) {
  ShortPort port;
  size_t slash = text.rfind('/');
  if (slash != std::string_view::npos) {
    if (slash + 1 < text.size()) port.protocol = text::lower(text.substr(slash + 1));
    text = text.substr(0, slash);
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
      throw BadShortForm{cat("\"", port.protocol, "\" is not a protocol"), "use tcp, udp or sctp"};
  }
  size_t last = text.rfind(':');
  port.container = last == std::string_view::npos ? text : text.substr(last + 1);
  if (last == std::string_view::npos) return port;
  std::string_view before = text.substr(0, last);
  size_t second = before.rfind(':');
  port.host = second == std::string_view::npos ? before : before.substr(second + 1);
  if (second != std::string_view::npos) port.host_ip = parse_address(before.substr(0, second));
  return port;
}

Node long_port(const ShortPort& port, uint64_t target, const std::string& published, Span span) {
  Node node{Mapping(), span};
  node.set("mode", std::string("ingress"));
  if (!port.host_ip.empty()) node.set("host_ip", port.host_ip);
  node.set("target", static_cast<int64_t>(target));
  if (!published.empty()) node.set("published", published);
  node.set("protocol", port.protocol);
  return node;
}

}  // namespace

Sequence expand_port(const Node& item) {
  std::string text = scalar_text(item);
  ShortPort port = split(text);
  if (port.container.empty())
    throw BadShortForm{cat("\"", text, "\" names no container port"), "write HOST:CONTAINER"};
  Range container = parse_range(port.container);
  if (container.first == 0)
    throw BadShortForm{cat("\"", port.container, "\" is not a port between 1 and 65535"), ""};
  Range host = port.host.empty() ? Range{} : parse_range(port.host);
  bool one_to_many = container.size() == 0 && host.size() > 0;
  if (!port.host.empty() && host.size() != container.size() && !one_to_many)
    throw BadShortForm{cat("the ranges of \"", text, "\" are of different length"), ""};

  std::vector<std::pair<std::string, Node>> found;
  for (uint64_t i = 0; i <= container.size(); ++i) {
    std::string published;
    if (one_to_many) {
      published = port.host;
    } else if (!port.host.empty()) {
      published = std::to_string(host.first + i);
    }
    std::string key = std::to_string(container.first + i);
    found.emplace_back(key, long_port(port, container.first + i, published, item.span));
  }
  // Compose prints the ports of a range in the order of their texts.
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Sequence out;
  for (auto& [key, node] : found) out.push_back(std::move(node));
  return out;
}

}  // namespace estiba::spec::canonical
