#include "netmgr/firewall/network_rules.hpp"

#include <net/if.h>

#include "base/error.hpp"

namespace estiba::net {
namespace {

// The targets' type is an integer because this nft has no name for the field, and compares types.
constexpr std::string_view sender_rules = R"(
  set macs { type ifname . ether_addr; }
  set addresses4 { type ifname . ether_addr . ipv4_addr; }
  set addresses6 { type ifname . ether_addr . ipv6_addr; }
  set targets6 { typeof iifname . ether saddr . @th,64,128; }
  set questions { type ifname; size 65536; flags dynamic; timeout 1m; }

  # Whatever a container sends passes here first, before the bridge learns from it. What is not
  # plain IPv4, IPv6 or ARP (a VLAN's tag, spanning trees) has no business on such a network.
  chain from_containers {
    type filter hook prerouting priority dstnat; policy drop;
    iifname . ether saddr != @macs drop
    ether type arp jump arp_from_containers
    ether type ip jump ip_from_containers
    ether type ip6 jump ip6_from_containers
  }

  # A question or an answer in its own name, or the look whether an address is free.
  chain arp_from_containers {
    arp htype != 1 drop
    arp ptype != ip drop
    arp hlen != 6 drop
    arp plen != 4 drop
    iifname . arp saddr ether . arp saddr ip @addresses4 accept
    iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 arp operation request accept
  }

  # The gateway alone speaks as a router or gives out addresses. A client without an address may
  # ask for one.
  chain ip_from_containers {
    icmp type { redirect, router-advertisement } drop
    udp sport 67 udp dport 68 drop
    iifname . ether saddr . ip saddr @addresses4 accept
    ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept
  }

  # The same for IPv6; the unspecified address is the source of duplicate address detection and of
  # reports about groups.
  chain ip6_from_containers {
    icmpv6 type { nd-router-advert, nd-redirect } drop
    udp sport 547 udp dport 546 drop
    icmpv6 type nd-neighbor-advert iifname . ether saddr . @th,64,128 != @targets6 drop
    iifname . ether saddr . ip6 saddr @addresses6 accept
    ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld-listener-report, mld-listener-done, mld2-listener-report } accept
  }

  # The groups that a bridge does not forward go past the bridge and up as the port's own. And no
  # container asks so much that the name server does not hear the others.
  chain to_gateway {
    type filter hook input priority -300; policy accept;
    ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop
    udp dport 53 update @questions { iifname limit rate over 5000/second burst 500 packets } drop
  }
)";

// Neighbours reach each other by the bridge; what asks to be routed back to them goes round it.
constexpr std::string_view forward_rules = R"(
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "br0" oifname "br0" reject with icmpx admin-prohibited
  }
)";

std::string padded(std::string bytes, size_t size) {
  bytes.resize(size, '\0');
  return bytes;
}

}  // namespace

std::string network_rules(Senders senders) {
  std::string out = cat("table inet ", inside_table, " {", forward_rules, "}\n");
  if (senders == Senders::free) return out;
  return cat(out, "table bridge ", inside_table, " {", sender_rules, "}\n");
}

std::string network_rules_again(Senders senders) {
  std::string out;
  for (std::string_view family : {"inet", "bridge"}) {
    std::string table = cat("table ", family, " ", inside_table, "\n");
    out += cat(table, "delete ", table);  // declared first so that the deletion cannot fail
  }
  return out + network_rules(senders);
}

Address link_local_address(const std::string& mac) {
  std::string bytes("\xfe\x80\0\0\0\0\0\0", 8);
  bytes += cat(mac.substr(0, 3), "\xff\xfe", mac.substr(3));
  bytes[8] = static_cast<char>(bytes[8] ^ 2);  // the bit for addresses that are unique everywhere
  return *address_of(bytes);
}

std::vector<SetElement> sender_elements(const Sender& sender) {
  std::string who = padded(sender.port, IFNAMSIZ) + padded(sender.mac, 8);
  std::vector<SetElement> elements{{"macs", who, ""},
                                   {"addresses4", who + sender.address.bytes(), ""}};
  if (!sender.address6) return elements;
  for (const Address& address : {*sender.address6, link_local_address(sender.mac)})
    for (const char* set : {"addresses6", "targets6"})
      elements.push_back({set, who + address.bytes(), ""});
  return elements;
}

std::vector<netlink::Message> sender_changes(const std::vector<Sender>& senders,
                                             ElementChange change) {
  std::vector<netlink::Message> changes;
  for (const Sender& sender : senders)
    for (const SetElement& element : sender_elements(sender))
      changes.push_back(element_message({TableFamily::bridge, inside_table}, element, change,
                                        cat("naming who sends from ", sender.port)));
  return transaction(std::move(changes));
}

}  // namespace estiba::net
