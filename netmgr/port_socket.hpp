// The host's sockets behind published ports: bound, and for TCP listening, so that a conflict is an
// error at once and nobody else gets the port (SO_REUSEADDR lets another program bind a port that
// is only bound).
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "netmgr/address.hpp"
#include "netmgr/network.hpp"

namespace estiba::net {

struct PortSocket {
  std::string name;  ///< in the FdStore: "port/CONTAINER/tcp/0.0.0.0/8080"
  std::string protocol;
  Address address;
  uint16_t port = 0;
  uint16_t container_port = 0;
  UniqueFd fd;
};

/// The addresses a mapping is bound to: one, or the two wildcards.
std::vector<Address> bind_addresses(const PortMapping& mapping);
std::string socket_name(const std::string& container_id, const PortMapping& mapping,
                        const Address& address);

/// Binds the mapping (port 0: one that is free on all its addresses). An Error has the code
/// EADDRINUSE and names the holder.
std::vector<PortSocket> bind_port(const std::string& container_id, const PortMapping& mapping);

/// "nginx (pid 123)", from /proc; empty if it cannot be found out.
std::string holder_of_port(const std::string& protocol, uint16_t port);

}  // namespace estiba::net
