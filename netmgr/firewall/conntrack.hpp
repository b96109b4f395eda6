// Forgets connections by ctnetlink: datagrams of a known client would go on to the old container
// after a mapping has moved.
#pragma once
#include <vector>

#include "netmgr/firewall/ruleset.hpp"
#include "netmgr/netlink/socket.hpp"

namespace estiba::net {

/// Deletes the UDP entries that were addressed to one of the ports' host_port, except those that
/// belong to another's mapping or merely pass through the host: the answers come from the port's
/// target, or from the address that was asked and is one of `local`.
void forget_udp(netlink::Socket& netfilter, const std::vector<PublishedPort>& ports,
                const std::vector<Address>& local);

}  // namespace estiba::net
