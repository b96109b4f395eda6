// Published ports: the reserving sockets on the host, the firewall's elements, and the connections
// that must be forgotten when a mapping moves.
#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "netmgr/firewall/conntrack.hpp"
#include "netmgr/netlink/route.hpp"
#include "netmgr/networks_impl.hpp"

namespace estiba::net {
namespace {

Protocol protocol_of(const PortMapping& port) {
  return port.protocol == "udp" ? Protocol::udp : Protocol::tcp;
}

/// One element a family that the target has an address of.
void add_elements(std::vector<PublishedPort>& out, const PortMapping& port, const Lease& target) {
  for (const Address& bound : bind_addresses(port)) {
    auto address = parse_address(bound.family == Family::v4 ? target.address : target.address6);
    if (!address) continue;  // the proxy serves this family
    PublishedPort element{protocol_of(port), {}, port.host_port, *address, port.container_port};
    if (bound.number != 0) element.host = bound;
    out.push_back(element);
  }
}

std::vector<Address> local_addresses(netlink::Socket& host) {
  std::vector<Address> addresses;
  for (const auto& route : netlink::routes(host))
    if (route.local) addresses.push_back(route.destination.base);
  return addresses;
}

bool same_but_host_port(const PortMapping& a, const PortMapping& b) {
  return a.host_ip == b.host_ip && a.container_port == b.container_port && a.protocol == b.protocol;
}

bool any_udp(const std::vector<PublishedPort>& ports) {
  return std::any_of(ports.begin(), ports.end(),
                     [](const auto& port) { return port.protocol == Protocol::udp; });
}

bool both_have(const Address& a, const Address& b) {
  return a.family == b.family && (a == b || a.number == 0 || b.number == 0);
}

}  // namespace

std::vector<PublishedPort> Networks::Impl::published(const SandboxState& state) const {
  std::vector<PublishedPort> ports;
  const Lease* target = gateway_lease(state.sandbox());
  if (!target) return ports;
  for (const PortMapping& port : state.sandbox().ports) add_elements(ports, port, *target);
  return ports;
}

std::vector<PublishedPort> Networks::Impl::all_published() const {
  std::vector<PublishedPort> all;
  for (const auto& [id, state] : sandboxes)
    for (const auto& port : published(state)) all.push_back(port);
  return all;
}

void Networks::Impl::repoint(SandboxState& state, const std::function<void()>& f) {
  auto before = published(state);
  f();
  auto after = published(state);
  if (before == after) return;
  firewall.change({before, after, [this] { return host_rules({}); }});
  if (any_udp(before)) forget_udp(netfilter.socket(), before, {});
}

std::vector<PortSocket> Networks::Impl::take_inherited(const std::string& container_id,
                                                       const PortMapping& port) {
  std::vector<PortSocket> sockets;
  for (const Address& address : bind_addresses(port)) {
    auto found = inherited.find(socket_name(container_id, port, address));
    if (found == inherited.end()) continue;
    sockets.push_back({found->first, port.protocol, address, port.host_port, port.container_port,
                       std::move(found->second)});
    inherited.erase(found);
  }
  return sockets;
}

std::string Networks::Impl::own_holder(const std::string& container_id,
                                       const PortMapping& port) const {
  for (const auto& [id, state] : sandboxes) {
    if (id == container_id) continue;
    for (const auto& socket : state.sockets) {
      if (socket.port != port.host_port || socket.protocol != port.protocol) continue;
      for (const Address& address : bind_addresses(port)) {
        if (!both_have(address, socket.address)) continue;
        const auto& leases = state.sandbox().leases;
        bool named = !leases.empty() && !leases[0].request.canonical_name.empty();
        return cat("container ", named ? leases[0].request.canonical_name : id.substr(0, 12));
      }
    }
  }
  return {};
}

std::vector<PortSocket> Networks::Impl::open_sockets(const std::string& container_id,
                                                     const PortMapping& port) {
  std::string holder = own_holder(container_id, port);
  if (!holder.empty())
    throw Error(cat("port ", std::to_string(port.host_port), " is already in use by ", holder));
  return bind_port(container_id, port);
}

// What was chosen for a container's port before is kept where it can be.
PortMapping Networks::Impl::with_last_port(const SandboxState& state, PortMapping port) const {
  if (port.host_port != 0) return port;
  for (const auto& last : state.stored.last_ports)
    if (same_but_host_port(last, port)) port.host_port = last.host_port;
  return port;
}

void Networks::Impl::restore_sockets(SandboxState& state) {
  const std::string& id = state.sandbox().container_id;
  for (const PortMapping& port : state.sandbox().ports) {
    auto sockets = take_inherited(id, port);
    bool kept = !sockets.empty();
    try {
      if (!kept) sockets = open_sockets(id, port);
    } catch (const Error& error) {
      // The kernel's path still works; the port is no longer guarded against others.
      log::warning(cat("a published port could not be reserved again: ", error.message()));
    }
    for (auto& socket : sockets) {
      if (fds && !kept) fds->put(socket.name, socket.fd);
      state.sockets.push_back(std::move(socket));
    }
  }
}

std::vector<PortMapping> Networks::Impl::publish(SandboxState& state,
                                                 const std::vector<PortMapping>& ports) {
  unpublish(state);
  if (ports.empty()) return {};
  if (!gateway_lease(state.sandbox())) {
    log::warning("a container without a network that has an uplink publishes no port");
    return {};
  }
  const std::string& id = state.sandbox().container_id;
  std::vector<PortSocket> sockets;
  std::vector<PortMapping> chosen;
  for (const PortMapping& asked : ports) {
    PortMapping port = with_last_port(state, asked);
    std::vector<PortSocket> opened;
    try {
      opened = open_sockets(id, port);
    } catch (const Error&) {
      if (asked.host_port != 0 || port.host_port == 0) throw;
      opened = open_sockets(id, asked);  // somebody has taken the earlier choice meanwhile
    }
    if (!opened.empty()) port.host_port = opened.front().port;
    chosen.push_back(port);
    for (auto& socket : opened) sockets.push_back(std::move(socket));
  }
  state.sandbox().ports = chosen;
  try {
    auto added = published(state);
    firewall.change({{}, added, [this] { return host_rules({}); }});
    if (any_udp(added)) forget_udp(netfilter.socket(), added, local_addresses(host));
  } catch (const Error&) {
    state.sandbox().ports.clear();
    throw;
  }
  state.sockets = std::move(sockets);
  if (fds)
    for (const auto& socket : state.sockets) fds->put(socket.name, socket.fd);
  save(state);
  return chosen;
}

void Networks::Impl::unpublish(SandboxState& state) {
  if (state.sandbox().ports.empty()) return;
  auto gone = published(state);
  state.stored.last_ports = std::exchange(state.sandbox().ports, {});
  firewall.change({gone, {}, [this] { return host_rules({}); }});
  if (any_udp(gone)) forget_udp(netfilter.socket(), gone, {});
  if (fds)
    for (const auto& socket : state.sockets) fds->drop(socket.name);
  state.sockets.clear();
  save(state);
}

std::vector<PortMapping> Networks::publish(const std::string& container_id,
                                           const std::vector<PortMapping>& ports) {
  return impl_->publish(impl_->sandbox(container_id), ports);
}

void Networks::check_available(const PortMapping& port) const { impl_->open_sockets("", port); }

void Networks::unpublish(const std::string& container_id) {
  auto found = impl_->sandboxes.find(container_id);
  if (found != impl_->sandboxes.end()) impl_->unpublish(found->second);
}

}  // namespace estiba::net
