// rtnetlink(7): links. Bridges, veth pairs across two namespaces, flags.
#pragma once
#include <optional>

#include "netmgr/netlink/socket.hpp"

namespace estiba::net::netlink {

/// One end of a veth pair. The end that the message is sent for lies in the socket's namespace.
struct VethEnd {
  std::string name;
  std::string mac;             ///< "02:42:0a:4d:01:02"; empty: the kernel's choice
  int index = 0;               ///< 0: the kernel's choice
  int master = 0;              ///< the bridge it becomes a port of
  std::optional<FdRef> netns;  ///< another namespace
};

struct BridgeLink {
  std::string name, mac;
  int index = 0;
  uint32_t mtu = 0;
};

/// The six bytes of "02:42:0a:4d:01:02".
std::string mac_bytes(const std::string& mac);

/// Created up.
Message add_bridge(const BridgeLink& bridge);
/// Both ends in one step, each in its own namespace under its final name; only `here` is up.
Message add_veth(const VethEnd& here, const VethEnd& peer, uint32_t mtu);
Message set_up(int index);
/// The alias is a note of up to 255 bytes that an interface carries.
Message set_up(int index, const std::string& alias);
Message delete_link(const std::string& name);

/// Makes the kernel take note of carrier changes of an interface now (it does so up to a second
/// later by itself): until then a bridge port does not forward and a queue drops what it is given.
/// For the calling thread's namespace.
void settle_link(const std::string& name);

enum class PortMode { disabled, isolated };
/// A bridge port that no longer forwards (its container is going away), or that reaches only the
/// gateway, not its neighbours.
Message set_port(const std::string& name, PortMode mode);

struct LinkInfo {
  int index = 0;
  uint32_t mtu = 0;
};
std::optional<LinkInfo> find_link(Socket& socket, const std::string& name);
std::optional<LinkInfo> find_link(Socket& socket, int index);
struct NamedLink {
  std::string name, alias;
};
/// All links whose name begins with `prefix`.
std::vector<NamedLink> links_named(Socket& socket, std::string_view prefix);

}  // namespace estiba::net::netlink
