// The state behind Networks, shared by the files that implement it and by the name server and the
// port proxy. Everything here is the main thread's.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "netmgr/drivers/bridge.hpp"
#include "netmgr/firewall/elements.hpp"
#include "netmgr/firewall/firewall.hpp"
#include "netmgr/forwarding.hpp"
#include "netmgr/ipam.hpp"
#include "netmgr/names.hpp"
#include "netmgr/netlink/socket.hpp"
#include "netmgr/network.hpp"
#include "netmgr/port_socket.hpp"
#include "netmgr/store.hpp"

namespace estiba::net {

struct Networks::Impl {
  struct NetworkState {
    StoredNetwork stored;
    AddressPool pool;
    std::optional<AddressPool> pool6;
    Address last_given;  ///< where the search for a free address goes on
    UniqueFd netns;      ///< none: the namespace has to be made (ensure)
    uint32_t mtu = 0;    ///< 0: not asked for yet
    /// Into the namespace. It stays open: the kernel ends a socket only when all that it has
    /// removed by it is gone, and waits for that.
    std::optional<Nfnetlink> rules;

    const NetworkRecord& record() const { return stored.record; }
  };
  struct SandboxState {
    StoredSandbox stored;
    UniqueFd netns;
    std::vector<PortSocket> sockets;

    Sandbox& sandbox() { return stored.sandbox; }
    const Sandbox& sandbox() const { return stored.sandbox; }
  };

  Impl(Config config_, FdStore* fds_, std::map<std::string, UniqueFd> inherited_);

  // network.cpp
  NetworkState& network(const std::string& name);
  void load_networks();
  void build(NetworkState& state);
  bool has_uplinks() const;
  void connect_uplink(NetworkState& state);
  void leave_uplink(const std::string& name);
  void drop_orphaned_uplinks();
  static std::set<Family> families_of(const NetworkState& state);
  /// `families`: those that an uplink is about to need, beside what is needed now.
  /// Makes the host's rules again, if there is a network that needs them.
  void restore_rules();
  /// The same, if they are not as we made them.
  void check_rules();
  const HostBefore& host_was(const std::vector<netlink::NamedLink>& uplinks);
  HostRules host_rules(const std::set<Family>& families);
  void save(const NetworkState& state);
  std::string netns_path(const std::string& network) const;
  std::string record_path(const std::string& network) const;

  // subnets.cpp
  NetworkRecord plan_record(const NetworkSpec& spec);
  std::vector<Prefix> taken_prefixes();
  void choose_uplink(StoredNetwork& stored);
  uint32_t mtu_of(NetworkState& state);

  // senders.cpp
  static Nfnetlink& rules_of(NetworkState& state);
  std::unique_ptr<RulesUnderWay> begin_rules(const NetworkState& state) const;
  /// For a network whose namespace is of an earlier server, or was cleared by somebody.
  void ensure_rules(NetworkState& state);
  void change_sender(NetworkState& state, const std::string& container_id, const Lease& lease,
                     ElementChange change);

  // sandboxes.cpp
  SandboxState& sandbox(const std::string& container_id);
  void load_sandboxes();
  void save(const SandboxState& state);
  std::string sandbox_path(const std::string& container_id, std::string_view suffix) const;
  Lease make_lease(SandboxState& state, const EndpointRequest& request);
  Address free_address(NetworkState& state, const std::string& asked);
  std::optional<Address> free_address6(NetworkState& state, const std::string& asked,
                                       const Address& address4);
  std::map<Address, std::string> addresses_in_use(const std::string& network) const;
  const Lease* gateway_lease(const Sandbox& sandbox) const;
  bridge::Gateways gateways(const Sandbox& sandbox) const;
  void drop_lease(SandboxState& state, const std::string& network);
  void remove_sandbox(const std::string& container_id);

  // publishing.cpp
  std::vector<PortMapping> publish(SandboxState& state, const std::vector<PortMapping>& ports);
  void unpublish(SandboxState& state);
  std::vector<PublishedPort> published(const SandboxState& state) const;
  std::vector<PublishedPort> all_published() const;
  void restore_sockets(SandboxState& state);
  std::vector<PortSocket> open_sockets(const std::string& container_id, const PortMapping& port);
  std::vector<PortSocket> take_inherited(const std::string& container_id, const PortMapping& port);
  PortMapping with_last_port(const SandboxState& state, PortMapping port) const;
  std::string own_holder(const std::string& container_id, const PortMapping& port) const;
  /// Runs f; if the mapped ports of the sandbox differ afterwards, changes the elements.
  void repoint(SandboxState& state, const std::function<void()>& f);

  Config config;
  FdStore* fds;
  std::map<std::string, UniqueFd> inherited;
  HostNames names;
  netlink::Socket host;
  Firewall firewall;
  /// As far as is known: nothing of a family that no uplink needs.
  HostBefore host_before;
  Nfnetlink netfilter;
  /// Changes whenever a name might.
  uint64_t generation = 0;
  /// The name server's: it lets go of a network that is about to be removed.
  std::function<void(const std::string&)> before_remove;
  std::map<std::string, NetworkState> networks;
  std::map<std::string, SandboxState> sandboxes;
};

}  // namespace estiba::net
