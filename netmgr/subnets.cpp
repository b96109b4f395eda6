// What a new network gets: its subnet, gateway and uplink, clear of what the host and the other
// networks have.
#include <algorithm>
#include <map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netlink/route.hpp"
#include "netmgr/networks_impl.hpp"
#include "netmgr/options.hpp"

namespace estiba::net {
namespace {

// Shorter prefixes are default routes in disguise: VPNs split 0.0.0.0/0 into halves.
constexpr int shortest_prefix = 8;
constexpr uint32_t ethernet_mtu = 1500;

void check_driver(const NetworkSpec& spec) {
  if (spec.driver.empty() || spec.driver == "bridge") return;
  std::string_view advice = "use the driver bridge";
  if (spec.driver == "overlay")
    advice =
        "it joins several hosts, and estiba runs on one; on one host the driver bridge does "
        "the same";
  if (spec.driver == "host" || spec.driver == "none")
    advice = "set network_mode of the service instead";
  throw Error(
      cat("network ", spec.name, ": the driver ", spec.driver, " is not supported: ", advice));
}

/// The pool of a family that the specification asks for.
std::optional<IpamPool> asked_pool(const NetworkSpec& spec, Family family) {
  std::optional<IpamPool> found;
  for (const auto& pool : spec.ipam) {
    if (pool.subnet.empty()) continue;
    auto subnet = parse_prefix(pool.subnet);
    if (subnet && subnet->base.family != family) continue;
    if (found)
      throw Error(cat("network ", spec.name, " has more than one subnet of a family: ",
                      found->subnet, " and ", pool.subnet, "; a network has one of each"));
    found = pool;
  }
  return found;
}

std::optional<uint32_t> asked_mtu(const NetworkSpec& spec) {
  auto asked = spec.driver_opts.find("com.docker.network.driver.mtu");
  if (asked == spec.driver_opts.end()) return std::nullopt;
  auto mtu = text::to_uint(asked->second);
  if (!mtu || *mtu < 68 || *mtu > 65535)
    throw Error(cat("network ", spec.name, ": \"", asked->second, "\" is not an MTU"));
  return static_cast<uint32_t>(*mtu);
}

// No larger than what the way out can carry: path MTU discovery fails behind many firewalls.
uint32_t outer_mtu(netlink::Socket& host) {
  uint32_t mtu = ethernet_mtu;
  for (const auto& route : netlink::routes(host)) {
    if (route.destination.length != 0 || route.index == 0) continue;
    auto link = netlink::find_link(host, route.index);
    if (link && link->mtu >= 1280) mtu = std::min(mtu, link->mtu);
  }
  return mtu;
}

Prefix random_subnet6() {
  std::string digits = text::random_hex(14);
  return *parse_prefix(cat("fd", digits.substr(0, 2), ":", digits.substr(2, 4), ":",
                           digits.substr(6, 4), ":", digits.substr(10, 4), "::/64"));
}

}  // namespace

std::vector<Prefix> Networks::Impl::taken_prefixes() {
  std::vector<Prefix> taken;
  for (const auto& route : netlink::routes(host))
    if (route.destination.length >= shortest_prefix) taken.push_back(route.destination);
  for (const auto& [name, state] : networks) taken.push_back(state.pool.subnet);
  return taken;
}

NetworkRecord Networks::Impl::plan_record(const NetworkSpec& spec) {
  if (!is_plain_name(spec.name)) throw Error(cat("\"", spec.name, "\" cannot name a network"));
  check_driver(spec);
  for (const std::string& option : {option_icc, option_spoofing}) flag_of(spec, option);
  NetworkRecord record;
  record.spec = spec;
  record.spec.driver = "bridge";
  record.id = text::random_hex(64);
  record.created = format_rfc3339(wall_now());
  auto asked = asked_pool(spec, Family::v4);
  auto taken = taken_prefixes();
  if (!asked) {
    auto subnet = net::choose_subnet(taken, names.offset(256));
    if (!subnet)
      throw Error(cat("no subnet is free for network ", spec.name,
                      ": give it one under ipam.config, or remove networks"));
    asked = IpamPool{to_text(*subnet), "", "", {}};
  }
  AddressPool pool = address_pool(*asked);
  for (const auto& [name, other] : networks)
    if (other.pool.subnet.overlaps(pool.subnet))
      throw Error(cat("subnet ", to_text(pool.subnet), " of network ", spec.name, " overlaps with ",
                      to_text(other.pool.subnet), " of network ", name));
  // A wider route of the host's (a VPN's 10.0.0.0/8) may be narrowed, another's subnet may not.
  for (const auto& other : taken)
    if (!spec.internal && pool.subnet.contains(other.base) && other.length >= pool.subnet.length)
      throw Error(cat("subnet ", to_text(pool.subnet), " of network ", spec.name, " overlaps with ",
                      to_text(other), ", to which this host has a route"));
  record.subnet = to_text(pool.subnet);
  record.gateway = to_text(pool.gateway);
  if (!spec.ipv6) return record;
  auto asked6 = asked_pool(spec, Family::v6);
  AddressPool pool6 =
      address_pool(asked6.value_or(IpamPool{to_text(random_subnet6()), "", "", {}}));
  record.subnet6 = to_text(pool6.subnet);
  record.gateway6 = to_text(pool6.gateway);
  return record;
}

void Networks::Impl::choose_uplink(StoredNetwork& stored) {
  bool again = !stored.record.uplink_host.empty();  // after a reboot the same one, if it is free
  unsigned start = again ? stored.uplink_index : names.offset(32) * (uplink_candidates / 32);
  auto uplink = net::choose_uplink(taken_prefixes(), start);
  if (!uplink)
    throw Error(cat("no address is free for the uplink of network ", stored.record.spec.name));
  stored.uplink_index = uplink->index;
  stored.record.uplink_host = to_text(uplink->prefix.base);
}

uint32_t Networks::Impl::mtu_of(NetworkState& state) {
  if (state.mtu == 0) state.mtu = asked_mtu(state.record().spec).value_or(outer_mtu(host));
  return state.mtu;
}

}  // namespace estiba::net
