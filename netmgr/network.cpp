// Networks, one by one: made, found again after a restart of the server or the host, removed. The
// kernel objects are the driver's; here is the order that makes a crash at any point harmless: a
// pinned namespace without a record is removed at the next start, a record without a namespace
// waits for ensure().
#include "netmgr/network.hpp"

#include <linux/netlink.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "netmgr/forwarding.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netns.hpp"
#include "netmgr/networks_impl.hpp"

namespace estiba::net {
namespace {

constexpr std::string_view record_suffix = ".json";

AddressPool pool_of(const std::string& subnet, const std::string& gateway,
                    const NetworkSpec& spec) {
  IpamPool pool{subnet, "", gateway, {}};
  for (const auto& asked : spec.ipam) {
    auto prefix = parse_prefix(asked.subnet);
    if (prefix && to_text(*prefix) == subnet) pool.ip_range = asked.ip_range;
  }
  return address_pool(pool);
}

bridge::AddressPair gateway_pair(const AddressPool& pool) {
  return {pool.gateway, pool.subnet.length};
}

}  // namespace

Networks::Impl::Impl(Config config_, FdStore* fds_, std::map<std::string, UniqueFd> inherited_)
    : config(std::move(config_)),
      fds(fds_),
      inherited(std::move(inherited_)),
      names(HostNames::of(config.run_dir)),
      host(NETLINK_ROUTE),
      firewall(names) {
  fs::make_dirs(fs::join(config.run_dir, "netns"));
  fs::make_dirs(fs::join(config.run_dir, "sandboxes"));
  fs::make_dirs(fs::join(config.state_dir, "networks"));
  load_networks();
  drop_orphaned_uplinks();
  load_sandboxes();
}

std::string Networks::Impl::netns_path(const std::string& network) const {
  return cat(config.run_dir, "/netns/", network);
}

std::string Networks::Impl::record_path(const std::string& network) const {
  return cat(config.state_dir, "/networks/", network, record_suffix);
}

Networks::Impl::NetworkState& Networks::Impl::network(const std::string& name) {
  auto found = networks.find(name);
  if (found == networks.end()) throw Error(cat("network ", name, " does not exist"));
  return found->second;
}

void Networks::Impl::save(const NetworkState& state) {
  // A network whose record a power cut swallows is made again by the next `up`.
  fs::write_atomic(record_path(state.record().spec.name), to_json(state.stored), 0600,
                   fs::Durability::relaxed);
}

void Networks::Impl::load_networks() {
  std::string dir = fs::join(config.state_dir, "networks");
  for (const auto& file : fs::list_dir(dir)) {
    if (!file.ends_with(record_suffix)) continue;
    std::string path = fs::join(dir, file);
    try {
      NetworkState state;
      state.stored = network_from_json(fs::read_all(path), path);
      const NetworkRecord& record = state.record();
      state.pool = pool_of(record.subnet, record.gateway, record.spec);
      if (!record.subnet6.empty())
        state.pool6 = pool_of(record.subnet6, record.gateway6, record.spec);
      if (auto netns = open_pinned(netns_path(record.spec.name))) state.netns = std::move(*netns);
      std::string name = record.spec.name;
      networks.insert_or_assign(name, std::move(state));
    } catch (const Error& error) {
      log::warning(cat("setting aside a network's record: ", error.message()));
      sys::rename(path, cat(path, ".broken"));
    }
  }
  for (const auto& name : fs::list_dir(fs::join(config.run_dir, "netns")))
    if (!networks.contains(name)) unpin_netns(netns_path(name));
}

// Makes the namespace, and pins it when everything in it stands.
void Networks::Impl::build(NetworkState& state) {
  const std::string name = state.record().spec.name;
  bridge::NetworkPlan plan{gateway_pair(state.pool), {}, mtu_of(state)};
  if (state.pool6) plan.gateway6 = gateway_pair(*state.pool6);
  state.netns = bridge::make_network(plan);
  ScopeExit discard([&] { state.netns.reset(); });
  auto rules = begin_rules(state);  // nft works while the uplink is made
  if (!state.record().spec.internal) connect_uplink(state);
  with_context([&] { rules->wait(); }, "telling its containers apart");
  unpin_netns(netns_path(name));  // what a file without a mount would leave in the way
  pin_netns(state.netns, netns_path(name));
  discard.keep();
  // Not earlier: what was found stands in the uplink, and now the uplink outlives a crash.
  if (!state.record().spec.internal) forward(families_of(state));
}

Networks::Networks(Config config, FdStore* fds, std::map<std::string, UniqueFd> inherited)
    : impl_(std::make_unique<Impl>(std::move(config), fds, std::move(inherited))) {}

Networks::~Networks() = default;

NetworkRecord Networks::create(const NetworkSpec& spec) {
  if (impl_->networks.contains(spec.name))
    throw Error(cat("network ", spec.name, " exists already"));
  constexpr int tries = 8;  // another server on this host may have just taken the same subnet
  for (int i = 1;; ++i) {
    Impl::NetworkState state;
    state.stored.record = impl_->plan_record(spec);
    if (!spec.internal) impl_->choose_uplink(state.stored);
    const NetworkRecord& record = state.record();
    state.pool = pool_of(record.subnet, record.gateway, spec);
    if (!record.subnet6.empty()) state.pool6 = pool_of(record.subnet6, record.gateway6, spec);
    try {
      with_context([&] { impl_->build(state); }, "creating network ", spec.name);
    } catch (const Error& error) {
      if (error.code() != EEXIST || i == tries) throw;
      continue;
    }
    impl_->save(state);
    return impl_->networks.insert_or_assign(spec.name, std::move(state)).first->second.record();
  }
}

void Networks::remove(const std::string& name) {
  auto found = impl_->networks.find(name);
  if (found == impl_->networks.end()) return;
  std::vector<std::string> users;
  for (const auto& [address, user] : impl_->addresses_in_use(name)) users.push_back(user);
  if (!users.empty()) throw Error(cat("network ", name, " is in use by ", text::join(users, ", ")));
  if (impl_->before_remove) impl_->before_remove(name);
  // The record goes first: a namespace without a record is removed at the next start.
  if (fs::exists(impl_->record_path(name))) sys::unlink(impl_->record_path(name));
  Impl::NetworkState state = std::move(found->second);
  impl_->networks.erase(found);
  ++impl_->generation;
  if (!state.record().uplink_host.empty())
    impl_->leave_uplink(impl_->names.uplink(state.stored.uplink_index));
  unpin_netns(impl_->netns_path(name));
}

std::optional<NetworkRecord> Networks::find(const std::string& name) const {
  auto found = impl_->networks.find(name);
  if (found == impl_->networks.end()) return std::nullopt;
  return found->second.record();
}

std::vector<NetworkRecord> Networks::list() const {
  std::vector<NetworkRecord> records;
  for (const auto& [name, state] : impl_->networks) records.push_back(state.record());
  return records;
}

void Networks::ensure(const std::string& name) {
  Impl::NetworkState& state = impl_->network(name);
  bool internal = state.record().spec.internal;
  auto uplink_is_there = [&] {
    auto link = netlink::find_link(impl_->host, impl_->names.uplink(state.stored.uplink_index));
    return link.has_value();
  };
  if (state.netns) impl_->ensure_rules(state);
  if (state.netns && (internal || uplink_is_there())) {
    if (internal) return;
    impl_->firewall.ensure(impl_->host_rules(Impl::families_of(state)));
    forward(Impl::families_of(state));
    return;
  }
  if (!internal) impl_->choose_uplink(state.stored);
  with_context(
      [&] {
        if (!state.netns) return impl_->build(state);
        impl_->connect_uplink(state);
        forward(Impl::families_of(state));
      },
      "restoring network ", name);
  impl_->save(state);
}

void Networks::reserve(const std::string& network, const std::vector<std::string>& addresses) {
  Impl::NetworkState& state = impl_->network(network);
  if (state.stored.reserved == addresses) return;
  state.stored.reserved = addresses;
  impl_->save(state);
}

void Networks::prepare_host() { impl_->firewall.prepare(impl_->host_rules({Family::v4})); }

void Networks::release_host() {
  if (!impl_->has_uplinks()) impl_->firewall.remove();
  // Their own removal fails while something is in them.
  for (const char* name : {"sandboxes", "netns"})
    ::rmdir(fs::join(impl_->config.run_dir, name).c_str());
}

}  // namespace estiba::net
