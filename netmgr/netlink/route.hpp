// rtnetlink(7): addresses and routes.
#pragma once
#include <optional>

#include "netmgr/address.hpp"
#include "netmgr/netlink/socket.hpp"

namespace estiba::net::netlink {

/// IPv6 addresses are added without duplicate address detection: the first packets would be lost
/// while it runs, and ipam has already seen to it.
Message add_address(int index, const Address& address, int prefix_length);

enum class RouteMode { add, replace };
/// To `destination` (a prefix of length 0 is the default route) by way of `gateway`.
Message add_route(const Prefix& destination, const Address& gateway, int index,
                  RouteMode mode = RouteMode::add);
Message delete_route(const Prefix& destination, const Address& gateway);

struct Route {
  Prefix destination;
  int index = 0;       ///< outgoing interface
  bool local = false;  ///< an address of this host
};
/// The main table's and the local table's unicast and local routes, both families.
std::vector<Route> routes(Socket& socket);

}  // namespace estiba::net::netlink
