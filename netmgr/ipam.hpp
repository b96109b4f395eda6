// Which subnets and addresses are handed out. Pure: what is taken comes in, the choice goes out.
#pragma once
#include <optional>
#include <set>
#include <vector>

#include "netmgr/address.hpp"
#include "netmgr/network.hpp"

namespace estiba::net {

/// A /24 of the private ranges that overlaps nothing in `taken`; the search begins at candidate
/// number `start`, so that servers on one host seldom try the same one.
std::optional<Prefix> choose_subnet(const std::vector<Prefix>& taken, unsigned start);

struct Uplink {
  unsigned index = 0;  ///< which candidate it is: the number in the interface's name
  Prefix prefix;       ///< /31: the host's end, then the network's
};
std::optional<Uplink> choose_uplink(const std::vector<Prefix>& taken, unsigned start);
/// As many candidates as choose_uplink has for each server.
constexpr unsigned uplink_candidates = 32768;

/// What one network hands out, of one family.
struct AddressPool {
  Prefix subnet;
  Prefix range;  ///< dynamic addresses come from here
  Address gateway;
};
/// Errors: an invalid subnet, range or gateway, a range or gateway outside the subnet.
AddressPool address_pool(const IpamPool& pool);

/// Whether an endpoint may have it: inside the subnet, and neither its ends nor the gateway.
bool is_assignable(const AddressPool& pool, const Address& address);
/// The first free address behind `after`, around the range once: an address that was just given
/// back rests for as long as possible. Nothing if the range is full.
std::optional<Address> choose_address(const AddressPool& pool, const std::set<Address>& taken,
                                      const Address& after);
/// "02:e5:0a:4d:01:02": from the address, so that neighbours' caches stay true.
std::string mac_for(const Address& address);

}  // namespace estiba::net
