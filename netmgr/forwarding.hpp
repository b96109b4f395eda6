// Whether the host forwards: switched on for the sake of uplinks, and put back when the last of
// them goes. What was found stands in each uplink's alias: it lives as long as there is something
// to put back, whatever becomes of servers, run directories and firewalls, and all servers of a
// host read the same.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netmgr/address.hpp"
#include "netmgr/netlink/link.hpp"

namespace estiba::net {

enum class Forwarded { off, on };

/// How the host was before there was an uplink that needs the family.
struct HostBefore {
  std::optional<Forwarded> v4, v6;  ///< nothing: no uplink needed it
  /// Interfaces that took router advertisements even while forwarding (accept_ra 2).
  std::vector<std::string> eager;

  bool operator==(const HostBefore&) const = default;
};

std::string to_alias(const HostBefore& before);
/// An alias of something else says nothing.
HostBefore from_alias(const std::string& alias);

/// What the uplinks of all servers say together.
HostBefore noted(const std::vector<netlink::NamedLink>& uplinks);
/// The families that forward for the uplink `name` alone. If somebody has removed it, `before`
/// tells what it needed.
std::set<Family> needed_by_one(const std::vector<netlink::NamedLink>& uplinks,
                               const std::string& name, const HostBefore& before);

/// The families' part of what is noted, or else of how the host is now.
HostBefore look_at_host(const HostBefore& noted, const std::set<Family>& families);
void forward(const std::set<Family>& families);
/// Back to what was found, for these families.
void put_back(const HostBefore& before, const std::set<Family>& families);

}  // namespace estiba::net
