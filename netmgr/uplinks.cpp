// The ways out: the end of each on the host, the host's rules around them, and what the host was
// before they came.
#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "netmgr/forwarding.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/networks_impl.hpp"

namespace estiba::net {

bool Networks::Impl::has_uplinks() const {
  return std::any_of(networks.begin(), networks.end(), [](const auto& entry) {
    return entry.second.netns && !entry.second.record().uplink_host.empty();
  });
}

void Networks::Impl::connect_uplink(NetworkState& state) {
  const HostBefore& before = host_was(netlink::links_named(host, uplink_prefix));
  firewall.ensure(host_rules(families_of(state)));
  const StoredNetwork& stored = state.stored;
  bridge::UplinkPlan plan;
  plan.alias = to_alias(look_at_host(before, families_of(state)));
  plan.name = names.uplink(stored.uplink_index);
  plan.link = prefix_of(*parse_address(stored.record.uplink_host), 31);
  plan.subnet = state.pool.subnet;
  plan.mtu = mtu_of(state);
  if (state.pool6) {
    plan.subnet6 = state.pool6->subnet;
    // fd78:TAG:INDEX::/127
    AddressNumber tag = text::to_uint(names.tag, 16).value_or(0);
    AddressNumber high = (AddressNumber{0xfd78} << 32) | (tag << 16) | stored.uplink_index;
    plan.link6 = prefix_of({Family::v6, high << 80}, 127);
  }
  try {
    bridge::connect_uplink(state.netns, plan, host);
  } catch (const Error&) {
    host.run(netlink::delete_link(plan.name));
    throw;
  }
  host_was({{plan.name, plan.alias}});
}

std::set<Family> Networks::Impl::families_of(const NetworkState& state) {
  if (state.pool6) return {Family::v4, Family::v6};
  return {Family::v4};
}

// What the uplinks say, or said before somebody removed them.
const HostBefore& Networks::Impl::host_was(const std::vector<netlink::NamedLink>& uplinks) {
  HostBefore said = noted(uplinks);
  if (said.v4) host_before.v4 = said.v4;
  if (!said.v6) return host_before;
  host_before.v6 = said.v6;
  host_before.eager = said.eager;
  return host_before;
}

HostRules Networks::Impl::host_rules(const std::set<Family>& families) {
  HostBefore before = host_was(netlink::links_named(host, uplink_prefix));
  HostBefore looked = look_at_host(before, families);
  HostRules rules{all_published(), {}};
  if ((looked.v4 ? looked.v4 : before.v4) == Forwarded::off) rules.closed.insert(Family::v4);
  if ((looked.v6 ? looked.v6 : before.v6) == Forwarded::off) rules.closed.insert(Family::v6);
  return rules;
}

void Networks::Impl::restore_rules() {
  if (has_uplinks()) firewall.replace(host_rules({}));
}

void Networks::Impl::check_rules() {
  if (!has_uplinks() || firewall.is_intact(host_rules({}))) return;
  log::warning(cat("somebody has changed the firewall table ", names.table(), ": making it again"));
  restore_rules();
}

// The host goes back to what it was first, while the rules still stand.
void Networks::Impl::leave_uplink(const std::string& name) {
  auto uplinks = netlink::links_named(host, uplink_prefix);
  auto families = needed_by_one(uplinks, name, host_was(uplinks));
  put_back(host_before, families);
  // Removing rules and interfaces takes the kernel some 20 ms, most of them spent waiting.
  if (!has_uplinks()) firewall.begin_removal();
  host.run(netlink::delete_link(name));
  if (has_uplinks())
    for (Family family : families) firewall.open(family);
  if (families.contains(Family::v4) || !has_uplinks()) host_before.v4.reset();
  if (families.contains(Family::v6) || !has_uplinks()) host_before.v6.reset();
  // Another server's uplink may have come meanwhile, and have seen the host still forward.
  HostBefore needed = noted(netlink::links_named(host, uplink_prefix));
  if (needed.v4 && families.contains(Family::v4)) forward({Family::v4});
  if (needed.v6 && families.contains(Family::v6)) forward({Family::v6});
}

// What a crash left of networks that are no more: their ends on the host would go by themselves,
// but not what was switched on for them.
void Networks::Impl::drop_orphaned_uplinks() {
  std::set<std::string> known;
  for (const auto& [name, state] : networks)
    if (!state.record().uplink_host.empty()) known.insert(names.uplink(state.stored.uplink_index));
  auto uplinks = netlink::links_named(host, uplink_prefix);
  if (has_uplinks()) host_was(uplinks);
  for (const auto& link : uplinks)
    if (names.owns_uplink(link.name) && !known.contains(link.name)) leave_uplink(link.name);
}

}  // namespace estiba::net
