#include "netmgr/firewall/ruleset.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace estiba::net {
namespace {

std::string_view name_of(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

std::string key(const PublishedPort& port) {
  std::string number = std::to_string(port.host_port);
  return port.host ? cat(to_text(*port.host), " . ", number) : number;
}

std::string element(const PublishedPort& port) {
  return cat(key(port), " : ", to_text(port.target), " . ", std::to_string(port.target_port));
}

struct MapType {
  std::string_view suffix, key;
};

constexpr std::array<MapType, 5> map_types{
    MapType{"4", "inet_service : ipv4_addr"},
    {"4_at", "ipv4_addr . inet_service : ipv4_addr"},
    {"4_loopback", "ipv4_addr . inet_service : ipv4_addr"},
    {"6", "inet_service : ipv6_addr"},
    {"6_at", "ipv6_addr . inet_service : ipv6_addr"},
};

std::string map_declarations() {
  std::string out;
  for (std::string_view protocol : {"tcp", "udp"}) {
    for (const MapType& type : map_types)
      out += cat("  map ", protocol, type.suffix, " { type ", type.key, " . inet_service; }\n");
  }
  return out;
}

// `dnat` and `fwd` are words of nft's grammar and cannot be names of chains.
constexpr std::string_view chains = R"(
  # Ports published on every address, or on one that is not a loopback address.
  chain published {
    fib daddr type != local return
    dnat ip to ip daddr . tcp dport map @tcp4_at
    dnat ip to ip daddr . udp dport map @udp4_at
    dnat ip to tcp dport map @tcp4
    dnat ip to udp dport map @udp4
    ip6 daddr ::1 return
    dnat ip6 to ip6 daddr . tcp dport map @tcp6_at
    dnat ip6 to ip6 daddr . udp dport map @udp6_at
    dnat ip6 to tcp dport map @tcp6
    dnat ip6 to udp dport map @udp6
  }

  # Destination NAT comes before the kernel's own check for martians: without this a neighbour on
  # the link reaches what is published on 127.0.0.1 by sending to that address.
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }

  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump published
  }

  # Only the host itself reaches what is published on a loopback address.
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.0/8 dnat ip to ip daddr . tcp dport map @tcp4_loopback
    ip daddr 127.0.0.0/8 dnat ip to ip daddr . udp dport map @udp4_loopback
    jump published
  }

  # From 127.0.0.1 through a published port; hairpins and other networks' published ports, whose
  # answers must come back here; and what leaves the host.
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname "est-*" masquerade
    ct status dnat iifname "est-*" oifname "est-*" masquerade
    iifname "est-*" oifname != "est-*" masquerade
  }

  # Nothing is forwarded into a network but answers and published ports. A host that became a
  # router for our sake is none between others.
  chain isolate {
    type filter hook forward priority filter; policy accept;
    meta nfproto @closed iifname != "est-*" oifname != "est-*" drop
    ct state established,related accept
    oifname "est-*" ct status dnat accept
    oifname "est-*" reject with icmpx admin-prohibited
  }
)";

std::string elements(const std::string& table, const HostRules& rules) {
  std::string out;
  for (Family family : rules.closed)
    out += cat("add element inet ", table, " closed { ", family == Family::v4 ? "ipv4" : "ipv6",
               " }\n");
  for (const auto& port : rules.ports)
    if (has_kernel_path(port))
      out += cat("add element inet ", table, " ", map_name(port), " { ", element(port), " }\n");
  return out;
}

}  // namespace

std::vector<std::string> set_names() {
  std::vector<std::string> names{"closed"};
  for (std::string_view protocol : {"tcp", "udp"})
    for (const MapType& type : map_types) names.push_back(cat(protocol, type.suffix));
  return names;
}

size_t element_count(const HostRules& rules) {
  auto ports = std::count_if(rules.ports.begin(), rules.ports.end(), has_kernel_path);
  return rules.closed.size() + static_cast<size_t>(ports);
}

std::string map_name(const PublishedPort& port) {
  std::string_view family = port.target.family == Family::v4 ? "4" : "6";
  std::string_view kind = !port.host ? "" : is_loopback(*port.host) ? "_loopback" : "_at";
  return cat(name_of(port.protocol), family, kind);
}

bool has_kernel_path(const PublishedPort& port) {
  bool same_family = !port.host || port.host->family == port.target.family;
  bool loopback6 = port.host && port.host->family == Family::v6 && is_loopback(*port.host);
  return same_family && !loopback6;
}

std::string ruleset(const std::string& table, const HostRules& rules) {
  std::string declare = cat("table inet ", table);
  // Declared first so that the deletion cannot fail; all of it is one transaction.
  return cat(declare, "\ndelete ", declare, "\n", declare, " {\n", map_declarations(),
             "  set closed { type nf_proto; }\n", chains, "}\n", elements(table, rules));
}

}  // namespace estiba::net
