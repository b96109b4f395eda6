#include "netmgr/drivers/bridge.hpp"

#include <linux/netlink.h>

#include "base/error.hpp"
#include "netmgr/ipam.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netlink/route.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net::bridge {
namespace {

using netlink::Message;
using netlink::Socket;

// A network's namespace is ours alone, so indices can be chosen instead of asked for. They lie
// above those of the tunnel devices that some kernels put into every new namespace.
constexpr int loopback_index = 1;
constexpr int bridge_index = 100;
constexpr int uplink_index = 101;

Prefix everywhere(Family family) { return {{family, 0}, 0}; }

Socket socket_in(FdRef netns) {
  ScopedNetns there(netns);
  return Socket(NETLINK_ROUTE);
}

// Runs in the new namespace.
void set_network_sysctls(bool ipv6) {
  write_sysctl("ipv4/ip_forward", "1");
  write_sysctl("ipv4/conf/all/rp_filter", "1");  // no spoofed source leaves a network
  // The host's own settings came along. The gateway answers for itself alone, takes no advice about
  // ways and gives none.
  for (std::string_view interface : {"all", "default"}) {
    for (std::string_view key : {"proxy_arp", "proxy_arp_pvlan", "route_localnet", "send_redirects",
                                 "accept_redirects", "accept_source_route", "accept_local"})
      write_sysctl(cat("ipv4/conf/", interface, "/", key), "0");
    for (std::string_view key :
         {"proxy_ndp", "accept_redirects", "accept_source_route", "accept_ra"})
      write_sysctl_if_there(cat("ipv6/conf/", interface, "/", key), "0");
  }
  // Where br_netfilter is loaded, bridged packets would pass through a firewall that is not there.
  write_sysctl_if_there("bridge/bridge-nf-call-iptables", "0");
  write_sysctl_if_there("bridge/bridge-nf-call-ip6tables", "0");
  write_sysctl_if_there("ipv6/conf/default/accept_dad", "0");
  if (ipv6) write_sysctl("ipv6/conf/all/forwarding", "1");
  // No interface has IPv6 but those that are given an address of it.
  write_sysctl_if_there("ipv6/conf/default/disable_ipv6", "1");
}

void enable_ipv6(const std::string& ifname) {
  write_sysctl(cat("ipv6/conf/", ifname, "/disable_ipv6"), "0");
}

void set_uplink_sysctls(const UplinkPlan& plan) {
  // On the uplink only: on the outer interface it would let neighbours reach 127.0.0.0/8.
  write_sysctl(cat("ipv4/conf/", plan.name, "/route_localnet"), "1");
  if (!plan.link6) write_sysctl_if_there(cat("ipv6/conf/", plan.name, "/disable_ipv6"), "1");
}

std::vector<Message> host_side(const UplinkPlan& plan, int index) {
  std::vector<Message> batch;
  batch.push_back(netlink::set_up(index, plan.alias));
  batch.push_back(netlink::add_address(index, plan.link.base, plan.link.length));
  batch.push_back(netlink::add_route(plan.subnet, plan.link.base + 1, index));
  if (plan.link6) {
    batch.push_back(netlink::add_address(index, plan.link6->base, plan.link6->length));
    batch.push_back(netlink::add_route(*plan.subnet6, plan.link6->base + 1, index));
  }
  return batch;
}

void add_network_side(std::vector<Message>& batch, const Prefix& link) {
  batch.push_back(netlink::add_address(uplink_index, link.base + 1, link.length));
  batch.push_back(netlink::add_route(everywhere(link.base.family), link.base, uplink_index));
}

void move_route(std::vector<Message>& batch, std::optional<Address> before,
                std::optional<Address> after, int index) {
  if (after)
    batch.push_back(
        netlink::add_route(everywhere(after->family), *after, index, netlink::RouteMode::replace));
  else if (before)
    batch.push_back(netlink::delete_route(everywhere(before->family), *before));
}

void start_inner_end(FdRef sandbox, const EndpointPlan& plan) {
  ScopedNetns there(sandbox);
  Socket inside(NETLINK_ROUTE);
  auto link = netlink::find_link(inside, plan.ifname);
  if (!link) throw Error(cat("the interface ", plan.ifname, " vanished while it was being set up"));
  if (plan.address6) enable_ipv6(plan.ifname);
  std::vector<Message> batch;
  batch.push_back(netlink::set_up(link->index));
  for (const auto& pair : {std::optional(plan.address), plan.address6})
    if (pair)
      batch.push_back(netlink::add_address(link->index, pair->address, pair->prefix_length));
  inside.run(std::move(batch));
  if (plan.address6) netlink::settle_link(plan.ifname);  // IPv6 waits for the link to be ready
}

}  // namespace

UniqueFd make_network(const NetworkPlan& plan) {
  ScopedNetns inside;
  UniqueFd netns = current_netns();
  set_network_sysctls(plan.gateway6.has_value());
  std::vector<Message> batch;
  batch.push_back(netlink::set_up(loopback_index));
  batch.push_back(
      netlink::add_bridge({"br0", mac_for(plan.gateway.address), bridge_index, plan.mtu}));
  batch.push_back(
      netlink::add_address(bridge_index, plan.gateway.address, plan.gateway.prefix_length));
  Socket socket(NETLINK_ROUTE);
  socket.run(std::move(batch));
  if (plan.gateway6) {
    enable_ipv6("br0");
    socket.run(
        netlink::add_address(bridge_index, plan.gateway6->address, plan.gateway6->prefix_length));
  }
  return netns;
}

void connect_uplink(FdRef network, const UplinkPlan& plan, Socket& host) {
  UniqueFd host_netns = current_netns();
  Socket inside = socket_in(network);
  netlink::VethEnd outer{plan.name, "", 0, 0, FdRef(host_netns)};
  inside.run(netlink::add_veth({"u0", "", uplink_index, 0, {}}, outer, plan.mtu));
  auto link = netlink::find_link(host, plan.name);
  if (!link) throw Error(cat("the uplink ", plan.name, " vanished while it was being set up"));
  set_uplink_sysctls(plan);
  host.run(host_side(plan, link->index));
  std::vector<Message> batch;
  add_network_side(batch, plan.link);
  if (plan.link6) add_network_side(batch, *plan.link6);
  ScopedNetns there(network);
  if (plan.link6) enable_ipv6("u0");
  inside.run(std::move(batch));
  netlink::settle_link("u0");
}

void connect_endpoint(FdRef network, FdRef sandbox, const EndpointPlan& plan) {
  Socket outside = socket_in(network);
  netlink::VethEnd inner{plan.ifname, plan.mac, 0, 0, sandbox};
  outside.run(netlink::add_veth({plan.port, "", 0, bridge_index, {}}, inner, plan.mtu));
  if (plan.isolated) outside.run(netlink::set_port(plan.port, netlink::PortMode::isolated));
  start_inner_end(sandbox, plan);
  ScopedNetns there(network);
  netlink::settle_link(plan.port);
  netlink::settle_link("br0");
}

void disconnect_endpoint(FdRef network, const std::string& port) {
  socket_in(network).run(netlink::delete_link(port));
}

void mute_endpoint(FdRef network, const std::string& port) {
  Message message = netlink::set_port(port, netlink::PortMode::disabled);
  message.tolerate(ENODEV);
  socket_in(network).run(std::move(message));
}

void change_gateways(FdRef sandbox, const Gateways& before, const Gateways& after) {
  if (before == after) return;
  Socket inside = socket_in(sandbox);
  int index = 0;
  if (!after.ifname.empty()) {
    auto link = netlink::find_link(inside, after.ifname);
    if (!link) throw Error(cat("the container has no interface ", after.ifname));
    index = link->index;
  }
  std::vector<Message> batch;
  move_route(batch, before.v4, after.v4, index);
  move_route(batch, before.v6, after.v6, index);
  inside.run(std::move(batch));
}

}  // namespace estiba::net::bridge
