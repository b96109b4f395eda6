// Who may call himself what on a network: its rules are loaded when it is made, and told of each
// container that comes or goes.
#include "base/error.hpp"
#include "base/log.hpp"
#include "netmgr/firewall/network_rules.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netns.hpp"
#include "netmgr/networks_impl.hpp"
#include "netmgr/options.hpp"

namespace estiba::net {
namespace {

Senders senders_of(const NetworkSpec& spec) {
  return flag_of(spec, option_spoofing).value_or(false) ? Senders::free : Senders::checked;
}

Sender sender_of(const std::string& container_id, const Lease& lease) {
  Sender sender{
      port_name(container_id), netlink::mac_bytes(lease.mac), *parse_address(lease.address), {}};
  if (!lease.address6.empty()) sender.address6 = parse_address(lease.address6);
  return sender;
}

}  // namespace

Nfnetlink& Networks::Impl::rules_of(NetworkState& state) {
  if (!state.rules) {
    ScopedNetns there(state.netns);
    state.rules.emplace();
  }
  return *state.rules;
}

std::unique_ptr<RulesUnderWay> Networks::Impl::begin_rules(const NetworkState& state) const {
  ScopedNetns there(state.netns);
  return std::make_unique<RulesUnderWay>(network_rules(senders_of(state.record().spec)));
}

void Networks::Impl::ensure_rules(NetworkState& state) {
  const NetworkSpec& spec = state.record().spec;
  Nfnetlink& inside = rules_of(state);
  if (inside.has_table(inside_table)) return;
  auto load = [&] {
    ScopedNetns there(state.netns);
    apply_rules(network_rules_again(senders_of(spec)));
  };
  with_context(load, "telling the containers of network ", spec.name, " apart");
  if (senders_of(spec) == Senders::free) return;
  std::vector<Sender> senders;
  for (const auto& [id, sandbox] : sandboxes)
    for (const Lease& lease : sandbox.sandbox().leases)
      if (lease.network == spec.name) senders.push_back(sender_of(id, lease));
  inside.socket().run(sender_changes(senders, ElementChange::added));
}

void Networks::Impl::ensure_all_rules() {
  for (auto& [name, state] : networks) {
    if (!state.netns) continue;
    try {
      ensure_rules(state);
    } catch (const Error& error) {
      log::error(error.message());
    }
  }
}

void Networks::Impl::change_sender(NetworkState& state, const std::string& container_id,
                                   const Lease& lease, ElementChange change) {
  if (senders_of(state.record().spec) == Senders::free) return;
  auto changes = sender_changes({sender_of(container_id, lease)}, change);
  // A network of an earlier server knows no senders.
  if (change == ElementChange::gone)
    for (auto& message : changes) message.tolerate(ENOENT);
  rules_of(state).socket().run(std::move(changes));
}

}  // namespace estiba::net
