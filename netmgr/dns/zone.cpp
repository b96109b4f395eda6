#include "netmgr/dns/zone.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::net::dns {
namespace {

constexpr uint16_t class_internet = 1;

bool asks_for(const Query& query, Type type) { return query.type == static_cast<uint16_t>(type); }

}  // namespace

Zone::Zone(const std::vector<Host>& hosts) {
  for (const auto& host : hosts) add(host);
}

void Zone::add(const Host& host) {
  Member& member = members_[host.container];
  member.networks.push_back(host.network);
  member.may_forward = member.may_forward || !host.internal;
  Network& network = networks_[host.network];
  network.lower_name = text::lower(host.network);
  network.sealed = host.internal && host.forgeable;
  containers_[{host.network, host.address}] = host.container;
  if (host.address6) containers_[{host.network, *host.address6}] = host.container;
  if (!host.active) return;
  std::set<std::string> names;  // a name given twice is one name
  for (const auto& name : host.names) names.insert(text::lower(name));
  for (const auto& name : names) network.names[name].push_back({host.address, host.address6});
  if (host.canonical_name.empty()) return;
  std::string canonical = cat(host.canonical_name, ".", host.network);
  network.canonical[host.address] = canonical;
  if (host.address6) network.canonical[*host.address6] = canonical;
}

// The host itself, or an address nobody holds, hears the names of the network it asks on, and no
// more.
Zone::Member Zone::member(const Asker& asker) const {
  auto container = containers_.find({asker.network, asker.address});
  if (container == containers_.end()) return {{asker.network}, false};
  Member member = members_.at(container->second);
  if (networks_.at(asker.network).sealed) member.may_forward = false;
  return member;
}

// The first network that knows the name answers; "name.network" asks one network alone.
const std::vector<Zone::Entry>* Zone::find(const Member& member, const std::string& name) const {
  for (const auto& network_name : member.networks) {
    auto network = networks_.find(network_name);
    if (network == networks_.end()) continue;
    const auto& names = network->second.names;
    auto found = names.find(name);
    std::string suffix = cat(".", network->second.lower_name);
    if (found == names.end() && name.ends_with(suffix))
      found = names.find(name.substr(0, name.size() - suffix.size()));
    if (found != names.end()) return &found->second;
  }
  return nullptr;
}

Lookup Zone::reverse(const Member& member, const Address& address) const {
  for (const auto& network_name : member.networks) {
    auto network = networks_.find(network_name);
    if (network == networks_.end()) continue;
    auto found = network->second.canonical.find(address);
    if (found != network->second.canonical.end())
      return {Verdict::answered, {Rcode::no_error, {name_record(found->second)}}};
  }
  return {member.may_forward ? Verdict::forward : Verdict::unknown, {}};
}

Lookup Zone::look_up(const Asker& asker, const Query& query, size_t rotation) const {
  Member who = member(asker);
  Lookup elsewhere{who.may_forward ? Verdict::forward : Verdict::unknown, {}};
  if (!query.plain_name || query.klass != class_internet) return elsewhere;
  if (asks_for(query, Type::ptr)) {
    auto address = reverse_address(query.name);
    return address ? reverse(who, *address) : elsewhere;
  }
  const auto* entries = find(who, query.name);
  if (!entries) return elsewhere;
  // A name that exists is answered even for types it has nothing of: an AAAA that failed would make
  // some resolvers (musl's) give up on the A as well.
  Lookup lookup{Verdict::answered, {}};
  for (size_t i = 0; i < entries->size(); ++i) {
    const Entry& entry = (*entries)[(i + rotation) % entries->size()];
    if (asks_for(query, Type::a) || asks_for(query, Type::any))
      lookup.answer.records.push_back(address_record(entry.address));
    if (entry.address6 && (asks_for(query, Type::aaaa) || asks_for(query, Type::any)))
      lookup.answer.records.push_back(address_record(*entry.address6));
  }
  return lookup;
}

}  // namespace estiba::net::dns
