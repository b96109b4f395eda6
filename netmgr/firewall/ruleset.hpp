// The host's nft rules as text. Pure. One table, loaded before the first uplink exists; afterwards
// only elements of its maps change. What each rule is for stands beside it in the text.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netmgr/address.hpp"

namespace estiba::net {

enum class Protocol { tcp, udp };

/// One published port, as an element of one of the table's maps.
struct PublishedPort {
  Protocol protocol = Protocol::tcp;
  std::optional<Address> host;  ///< nothing: every address of the target's family
  uint16_t host_port = 0;
  Address target;
  uint16_t target_port = 0;

  bool operator==(const PublishedPort&) const = default;
};

/// What varies in the table.
struct HostRules {
  std::vector<PublishedPort> ports;
  /// Families that the host forwards for our networks alone: it did not before they came.
  std::set<Family> closed;
};
/// Replaces the whole table, whatever it was, by one with these rules.
std::string ruleset(const std::string& table, const HostRules& rules);
/// The table's maps and sets.
std::vector<std::string> set_names();
/// How many elements they have together.
size_t element_count(const HostRules& rules);
/// Which of the table's maps it is an element of.
std::string map_name(const PublishedPort& port);
/// Whether the kernel can carry it: not a port of ::1, for which IPv6 has no route_localnet.
bool has_kernel_path(const PublishedPort& port);

}  // namespace estiba::net
