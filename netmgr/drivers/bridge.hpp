// The bridge driver: makes the kernel objects of one network and of one endpoint. It decides
// nothing: names, addresses and indices come in.
#pragma once
#include <optional>
#include <string>

#include "netmgr/address.hpp"
#include "netmgr/netlink/socket.hpp"

namespace estiba::net::bridge {

struct AddressPair {
  Address address;
  int prefix_length = 0;
};

struct NetworkPlan {
  AddressPair gateway;
  std::optional<AddressPair> gateway6;
  uint32_t mtu = 1500;
};
/// A new namespace with the bridge and the gateway's addresses, ready to forward.
UniqueFd make_network(const NetworkPlan& plan);

/// The veth between a network and the host. Of each /31 and /127 the host has the first address.
struct UplinkPlan {
  std::string name;   ///< of the host's end
  std::string alias;  ///< a note on the host's end
  Prefix link, subnet;
  std::optional<Prefix> link6, subnet6;
  uint32_t mtu = 1500;
};
/// `host` is a socket of the host's namespace, which the calling thread is in.
void connect_uplink(FdRef network, const UplinkPlan& plan, netlink::Socket& host);

struct EndpointPlan {
  std::string port, ifname, mac;
  AddressPair address;
  std::optional<AddressPair> address6;
  uint32_t mtu = 1500;
  bool isolated = false;  ///< reaches the gateway, but not its neighbours
};
void connect_endpoint(FdRef network, FdRef sandbox, const EndpointPlan& plan);
/// Removes the pair of interfaces, at once.
void disconnect_endpoint(FdRef network, const std::string& port);
/// Cuts it off at once; the interfaces go with their namespace, later.
void mute_endpoint(FdRef network, const std::string& port);

struct Gateways {
  std::optional<Address> v4, v6;
  std::string ifname;

  bool operator==(const Gateways&) const = default;
};
/// Moves a sandbox's default routes.
void change_gateways(FdRef sandbox, const Gateways& before, const Gateways& after);

}  // namespace estiba::net::bridge
