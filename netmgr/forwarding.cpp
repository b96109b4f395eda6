#include "netmgr/forwarding.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

constexpr std::string_view alias_begin = "estiba: before it";
// IFALIASZ of linux/if.h, with its end.
constexpr size_t longest_alias = 255;

std::string sysctl_of(Family family) {
  return family == Family::v4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
}

std::string accept_ra(const std::string& interface) {
  return cat("ipv6/conf/", interface, "/accept_ra");
}

bool forwards(Family family) { return read_sysctl(sysctl_of(family)) != "0"; }

Forwarded now(Family family) { return forwards(family) ? Forwarded::on : Forwarded::off; }

std::vector<std::string> interfaces_with_accept_ra(std::string_view value) {
  std::vector<std::string> names;
  for (const auto& name : fs::list_dir("/proc/sys/net/ipv6/conf"))
    if (name != "all" && read_sysctl(accept_ra(name)) == value) names.push_back(name);
  return names;
}

std::string word(std::string_view key, const std::optional<Forwarded>& value) {
  if (!value) return {};
  return cat(" ", key, "=", *value == Forwarded::on ? "1" : "0");
}

std::optional<Forwarded> value_of(std::string_view text) {
  if (text == "0") return Forwarded::off;
  return text == "1" ? std::optional(Forwarded::on) : std::nullopt;
}

const std::optional<Forwarded>& of(const HostBefore& before, Family family) {
  return family == Family::v4 ? before.v4 : before.v6;
}

}  // namespace

std::string to_alias(const HostBefore& before) {
  std::string out = cat(alias_begin, word("ipv4", before.v4), word("ipv6", before.v6));
  for (const auto& name : before.eager) {
    std::string more = cat(" accept_ra2=", name);
    if (out.size() + more.size() <= longest_alias) out += more;
  }
  return out;
}

HostBefore from_alias(const std::string& alias) {
  HostBefore before;
  if (!alias.starts_with(alias_begin)) return before;
  for (const auto& part : text::split(alias.substr(alias_begin.size()), ' ')) {
    auto equals = part.find('=');
    if (equals == std::string::npos) continue;
    std::string key = part.substr(0, equals), value = part.substr(equals + 1);
    if (key == "ipv4") before.v4 = value_of(value);
    if (key == "ipv6") before.v6 = value_of(value);
    if (key == "accept_ra2") before.eager.push_back(value);
  }
  return before;
}

HostBefore noted(const std::vector<netlink::NamedLink>& uplinks) {
  HostBefore all;
  for (const auto& uplink : uplinks) {
    HostBefore one = from_alias(uplink.alias);
    if (one.v4) all.v4 = one.v4;
    if (!one.v6) continue;
    all.v6 = one.v6;
    all.eager = one.eager;
  }
  return all;
}

std::set<Family> needed_by_one(const std::vector<netlink::NamedLink>& uplinks,
                               const std::string& name, const HostBefore& before) {
  bool removed = std::none_of(uplinks.begin(), uplinks.end(),
                              [&](const auto& uplink) { return uplink.name == name; });
  std::set<Family> families;
  for (Family family : {Family::v4, Family::v6}) {
    bool mine = removed && of(before, family).has_value(), others = false;
    for (const auto& uplink : uplinks) {
      // One without a note, of an earlier version, may need anything.
      bool needs = of(from_alias(uplink.alias), family) || !uplink.alias.starts_with(alias_begin);
      (uplink.name == name ? mine : others) |= needs;
    }
    if (mine && !others) families.insert(family);
  }
  return families;
}

HostBefore look_at_host(const HostBefore& noted, const std::set<Family>& families) {
  HostBefore before;
  if (families.contains(Family::v4)) before.v4 = noted.v4 ? noted.v4 : now(Family::v4);
  if (!families.contains(Family::v6)) return before;
  before.v6 = noted.v6 ? noted.v6 : now(Family::v6);
  before.eager = noted.v6 ? noted.eager : interfaces_with_accept_ra("2");
  return before;
}

void forward(const std::set<Family>& families) {
  for (Family family : families) {
    if (forwards(family)) continue;
    // Router advertisements are ignored once a host forwards, unless accept_ra is 2: its own
    // default route would expire.
    if (family == Family::v6)
      for (const auto& name : interfaces_with_accept_ra("1")) write_sysctl(accept_ra(name), "2");
    log::warning(cat("switching net.", text::join(text::split(sysctl_of(family), '/'), "."),
                     " on: containers reach the outside through this host, and nobody else does"));
    write_sysctl(sysctl_of(family), "1");
  }
}

void put_back(const HostBefore& before, const std::set<Family>& families) {
  for (Family family : families) {
    if (of(before, family) != Forwarded::off) continue;
    write_sysctl(sysctl_of(family), "0");
    if (family != Family::v6) continue;
    for (const auto& name : interfaces_with_accept_ra("2"))
      if (std::find(before.eager.begin(), before.eager.end(), name) == before.eager.end())
        write_sysctl(accept_ra(name), "1");
  }
}

}  // namespace estiba::net
