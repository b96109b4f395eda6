// A container's own network namespace and its leases.
#include <linux/netlink.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netns.hpp"
#include "netmgr/networks_impl.hpp"
#include "netmgr/options.hpp"

namespace estiba::net {
namespace {

constexpr int loopback_index = 1;
constexpr std::string_view json_suffix = ".json";
constexpr std::string_view netns_suffix = ".netns";

// For one whose looks are cheaper than its writes, some of which wait for the kernel's one lock of
// all interfaces.
void clear_sysctl(const std::string& name) {
  if (read_sysctl(name) != "0") write_sysctl(name, "0");
}

// Networking's sysctls, net.core.devconf_inherit_init_net: unless the host says so, a new namespace
// has IPv6 as the kernel begins with it.
bool begins_with_the_hosts_ipv6() {
  constexpr const char* setting = "core/devconf_inherit_init_net";
  if (!fs::exists(cat("/proc/sys/net/", setting))) return true;
  std::string value = read_sysctl(setting);
  return value != "0" && value != "2";
}

// A new namespace begins with the host's own IPv4 settings, and a host of containers forwards. A
// container that stands in two networks is no way from one to the other, and nothing that arrives
// reaches what listens on its loopback. `sysctls` may say otherwise later. Of "forwarding" the one
// for all sets the others; a source route is taken only if both allow it.
void keep_from_forwarding(bool hosts_ipv6) {
  for (const char* name : {"ipv4/conf/all/forwarding", "ipv4/conf/all/route_localnet",
                           "ipv4/conf/default/route_localnet", "ipv4/conf/lo/route_localnet",
                           "ipv4/conf/all/proxy_arp", "ipv4/conf/default/proxy_arp",
                           "ipv4/conf/all/accept_source_route"})
    clear_sysctl(name);
  if (!hosts_ipv6 || !fs::exists("/proc/sys/net/ipv6")) return;
  for (const char* name :
       {"ipv6/conf/all/forwarding", "ipv6/conf/default/forwarding", "ipv6/conf/all/proxy_ndp",
        "ipv6/conf/default/proxy_ndp", "ipv6/conf/all/accept_source_route",
        "ipv6/conf/default/accept_source_route"})
    clear_sysctl(name);
}

UniqueFd make_sandbox_netns() {
  bool hosts_ipv6 = begins_with_the_hosts_ipv6();
  ScopedNetns inside;
  keep_from_forwarding(hosts_ipv6);
  // Interfaces have no IPv6 until they join a network that has it; loopback keeps ::1.
  write_sysctl_if_there("ipv6/conf/default/disable_ipv6", "1");
  write_sysctl_if_there("ipv6/conf/default/accept_ra", "0");
  write_sysctl_if_there("ipv6/conf/default/accept_dad", "0");
  // As everybody expects of containers: port 80 without privilege, ping without NET_RAW.
  write_sysctl_if_there("ipv4/ip_unprivileged_port_start", "0");
  write_sysctl_if_there("ipv4/ping_group_range", "0 2147483647");
  netlink::Socket(NETLINK_ROUTE).run(netlink::set_up(loopback_index));
  return current_netns();
}

std::string free_ifname(const Sandbox& sandbox) {
  for (int i = 0;; ++i) {
    std::string name = cat("eth", std::to_string(i));
    bool used = std::any_of(sandbox.leases.begin(), sandbox.leases.end(),
                            [&](const Lease& lease) { return lease.ifname == name; });
    if (!used) return name;
  }
}

Address asked_address(const AddressPool& pool, const std::string& asked,
                      const std::string& network) {
  auto address = parse_address(asked);
  if (!address) throw Error(cat("\"", asked, "\" is not an IP address"));
  if (!is_assignable(pool, *address))
    throw Error(cat("address ", asked, " cannot be given out on network ", network,
                    ": it is outside ", to_text(pool.subnet), ", or the gateway's"));
  return *address;
}

void check_free(const std::map<Address, std::string>& used, const Address& address) {
  auto holder = used.find(address);
  if (holder != used.end())
    throw Error(cat("address ", to_text(address), " is already used by ", holder->second));
}

std::set<Address> excluded(const StoredNetwork& stored,
                           const std::map<Address, std::string>& used) {
  std::set<Address> taken;
  for (const auto& [address, user] : used) taken.insert(address);
  auto add = [&](const std::string& text) {
    if (auto address = parse_address(text)) taken.insert(*address);
  };
  for (const auto& text : stored.reserved) add(text);
  for (const auto& pool : stored.record.spec.ipam)
    for (const auto& [host, text] : pool.aux_addresses) add(text);
  return taken;
}

std::string user_name(const Sandbox& sandbox, const Lease& lease) {
  if (!lease.request.canonical_name.empty()) return lease.request.canonical_name;
  return sandbox.container_id.substr(0, 12);
}

}  // namespace

Networks::Impl::SandboxState& Networks::Impl::sandbox(const std::string& container_id) {
  auto found = sandboxes.find(container_id);
  if (found == sandboxes.end())
    throw Error(cat("container ", container_id, " has no network sandbox"));
  return found->second;
}

std::string Networks::Impl::sandbox_path(const std::string& container_id,
                                         std::string_view suffix) const {
  return cat(config.run_dir, "/sandboxes/", container_id, suffix);
}

void Networks::Impl::save(const SandboxState& state) {
  ++generation;
  fs::write_atomic(sandbox_path(state.sandbox().container_id, json_suffix), to_json(state.stored),
                   0600, fs::Durability::relaxed);
}

void Networks::Impl::load_sandboxes() {
  std::string dir = fs::join(config.run_dir, "sandboxes");
  auto files = fs::list_dir(dir);
  for (const auto& file : files) {
    if (!file.ends_with(json_suffix)) continue;
    std::string path = fs::join(dir, file);
    try {
      SandboxState state;
      state.stored = sandbox_from_json(fs::read_all(path), path);
      std::string id = state.sandbox().container_id;
      auto netns = open_pinned(sandbox_path(id, netns_suffix));
      if (!netns) throw Error(cat(path, " has no namespace"));
      state.netns = std::move(*netns);
      sandboxes.insert_or_assign(id, std::move(state));
    } catch (const Error& error) {
      log::warning(cat("forgetting a network sandbox: ", error.message()));
      sys::unlink(path);
    }
  }
  for (const auto& file : files) {
    if (!file.ends_with(netns_suffix)) continue;
    std::string id = file.substr(0, file.size() - netns_suffix.size());
    if (!sandboxes.contains(id)) unpin_netns(fs::join(dir, file));
  }
  for (auto& [id, state] : sandboxes) restore_sockets(state);
  if (fds)
    for (const auto& [name, fd] : inherited)
      if (name.starts_with("port/")) fds->drop(name);
  inherited.clear();
}

std::map<Address, std::string> Networks::Impl::addresses_in_use(const std::string& name) const {
  std::map<Address, std::string> used;
  for (const auto& [id, state] : sandboxes) {
    for (const Lease& lease : state.sandbox().leases) {
      if (lease.network != name) continue;
      for (const auto& text : {lease.address, lease.address6})
        if (auto address = parse_address(text)) used[*address] = user_name(state.sandbox(), lease);
    }
  }
  return used;
}

Address Networks::Impl::free_address(NetworkState& state, const std::string& asked) {
  const std::string& name = state.record().spec.name;
  auto used = addresses_in_use(name);
  if (!asked.empty()) {
    Address address = asked_address(state.pool, asked, name);
    check_free(used, address);
    return address;
  }
  auto address = choose_address(state.pool, excluded(state.stored, used), state.last_given);
  if (!address)
    throw Error(cat("network ", name, " has no free address left in ", to_text(state.pool.range)));
  state.last_given = *address;
  return *address;
}

std::optional<Address> Networks::Impl::free_address6(NetworkState& state, const std::string& asked,
                                                     const Address& address4) {
  const std::string& name = state.record().spec.name;
  if (!state.pool6 && !asked.empty())
    throw Error(cat("address ", asked, ": network ", name, " has no IPv6 (enable_ipv6: true)"));
  if (!state.pool6) return std::nullopt;
  auto used = addresses_in_use(name);
  if (!asked.empty()) {
    Address address = asked_address(*state.pool6, asked, name);
    check_free(used, address);
    return address;
  }
  // The same host number in both families is easier on the reader.
  auto taken = excluded(state.stored, used);
  Address same = state.pool6->subnet.base + (address4.number - state.pool.subnet.base.number);
  if (is_assignable(*state.pool6, same) && !taken.contains(same)) return same;
  auto address = choose_address(*state.pool6, taken, state.pool6->range.base);
  if (!address)
    throw Error(
        cat("network ", name, " has no free address left in ", to_text(state.pool6->range)));
  return address;
}

Lease Networks::Impl::make_lease(SandboxState& state, const EndpointRequest& request) {
  NetworkState& net = network(request.network);
  Lease lease;
  lease.network = request.network;
  lease.request = request;
  lease.ifname =
      request.interface_name.empty() ? free_ifname(state.sandbox()) : request.interface_name;
  Address address = free_address(net, request.ipv4_address);
  lease.address = to_text(address);
  lease.prefix_length = net.pool.subnet.length;
  lease.gateway = net.record().gateway;
  lease.mac = request.mac_address.empty() ? mac_for(address) : request.mac_address;
  if (auto address6 = free_address6(net, request.ipv6_address, address)) {
    lease.address6 = to_text(*address6);
    lease.prefix_length6 = net.pool6->subnet.length;
    lease.gateway6 = net.record().gateway6;
  }
  return lease;
}

// The default route goes by the highest gw_priority, then by the network's name.
const Lease* Networks::Impl::gateway_lease(const Sandbox& sandbox) const {
  const Lease* best = nullptr;
  for (const Lease& lease : sandbox.leases) {
    auto net = networks.find(lease.network);
    if (net == networks.end() || net->second.record().spec.internal) continue;
    auto rank = [](const Lease& one) { return std::pair(-one.request.gw_priority, one.network); };
    if (!best || rank(lease) < rank(*best)) best = &lease;
  }
  return best;
}

bridge::Gateways Networks::Impl::gateways(const Sandbox& sandbox) const {
  const Lease* lease = gateway_lease(sandbox);
  if (!lease) return {};
  return {parse_address(lease->gateway), parse_address(lease->gateway6), lease->ifname};
}

void Networks::Impl::drop_lease(SandboxState& state, const std::string& name) {
  auto& leases = state.sandbox().leases;
  auto lease = std::find_if(leases.begin(), leases.end(),
                            [&](const Lease& one) { return one.network == name; });
  if (lease == leases.end()) return;
  repoint(state, [&] {
    auto before = gateways(state.sandbox());
    Lease gone = *lease;
    leases.erase(lease);
    NetworkState& net = network(name);
    const std::string& id = state.sandbox().container_id;
    if (net.netns) {
      bridge::disconnect_endpoint(net.netns, port_name(id));
      change_sender(net, id, gone, ElementChange::gone);
    }
    bridge::change_gateways(state.netns, before, gateways(state.sandbox()));
  });
}

void Networks::Impl::remove_sandbox(const std::string& container_id) {
  auto found = sandboxes.find(container_id);
  if (found == sandboxes.end()) return;
  SandboxState& state = found->second;
  unpublish(state);
  // The kernel takes the interfaces down later, with the namespace; until then nobody hears them.
  for (const Lease& lease : state.sandbox().leases) {
    auto net = networks.find(lease.network);
    if (net == networks.end() || !net->second.netns) continue;
    bridge::mute_endpoint(net->second.netns, port_name(container_id));
    change_sender(net->second, container_id, lease, ElementChange::gone);
  }
  sys::unlink(sandbox_path(container_id, json_suffix));
  unpin_netns(sandbox_path(container_id, netns_suffix));
  sandboxes.erase(found);
  ++generation;
}

Sandbox Networks::create_sandbox(const std::string& container_id) {
  if (auto existing = sandbox(container_id)) return *existing;
  if (!is_plain_name(container_id))
    throw Error(cat("\"", container_id, "\" cannot name a container"));
  Impl::SandboxState state;
  state.netns = make_sandbox_netns();
  std::string path = impl_->sandbox_path(container_id, netns_suffix);
  unpin_netns(path);
  pin_netns(state.netns, path);
  ScopeExit unpin([&] { unpin_netns(path); });
  state.sandbox() = {container_id, path, {}, {}};
  impl_->save(state);
  unpin.keep();
  return impl_->sandboxes.insert_or_assign(container_id, std::move(state)).first->second.sandbox();
}

Lease Networks::attach(const std::string& container_id, const EndpointRequest& request) {
  Impl::SandboxState& state = impl_->sandbox(container_id);
  for (const Lease& lease : state.sandbox().leases)
    if (lease.network == request.network)
      throw Error(
          cat("container ", container_id, " is attached to network ", request.network, " already"));
  Impl::NetworkState& net = impl_->network(request.network);
  if (!net.netns) ensure(request.network);
  Lease lease = impl_->make_lease(state, request);
  bridge::EndpointPlan plan;
  plan.port = port_name(container_id);
  plan.ifname = lease.ifname;
  plan.mac = lease.mac;
  plan.address = {*parse_address(lease.address), lease.prefix_length};
  if (!lease.address6.empty())
    plan.address6 = bridge::AddressPair{*parse_address(lease.address6), lease.prefix_length6};
  plan.mtu = impl_->mtu_of(net);
  plan.isolated = !flag_of(net.record().spec, option_icc).value_or(true);
  impl_->change_sender(net, container_id, lease, ElementChange::added);
  ScopeExit undo([&] {
    bridge::disconnect_endpoint(net.netns, plan.port);
    impl_->change_sender(net, container_id, lease, ElementChange::gone);
  });
  with_context([&] { bridge::connect_endpoint(net.netns, state.netns, plan); },
               "attaching to network ", request.network);
  impl_->repoint(state, [&] {
    auto before = impl_->gateways(state.sandbox());
    state.sandbox().leases.push_back(lease);
    ScopeExit forget([&] { state.sandbox().leases.pop_back(); });
    bridge::change_gateways(state.netns, before, impl_->gateways(state.sandbox()));
    impl_->save(state);
    forget.keep();
  });
  undo.keep();
  return lease;
}

void Networks::detach(const std::string& container_id, const std::string& network) {
  Impl::SandboxState& state = impl_->sandbox(container_id);
  impl_->drop_lease(state, network);
  impl_->save(state);
}

void Networks::remove_sandbox(const std::string& container_id) {
  impl_->remove_sandbox(container_id);
}

std::optional<Sandbox> Networks::sandbox(const std::string& container_id) const {
  auto found = impl_->sandboxes.find(container_id);
  if (found == impl_->sandboxes.end()) return std::nullopt;
  return found->second.sandbox();
}

std::vector<std::string> Networks::sandboxes() const {
  std::vector<std::string> ids;
  for (const auto& [id, state] : impl_->sandboxes) ids.push_back(id);
  return ids;
}

void Networks::set_active(const std::string& container_id, bool active) {
  Impl::SandboxState& state = impl_->sandbox(container_id);
  if (state.stored.active == active) return;
  state.stored.active = active;
  impl_->save(state);
}

}  // namespace estiba::net
