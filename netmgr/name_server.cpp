#include "netmgr/name_server.hpp"

#include <sys/stat.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "netmgr/dns/forwarder.hpp"
#include "netmgr/dns/listener.hpp"
#include "netmgr/dns/zone.hpp"
#include "netmgr/networks_impl.hpp"
#include "netmgr/options.hpp"
#include "netmgr/shares.hpp"

namespace estiba::net {
namespace {

namespace asio = boost::asio;

// A container that floods us with outside names takes its share and no more.
constexpr Shares<Address>::Most most_forwarded{512, 64};
// The same goes for connections, of which a resolver has one or two open for a moment.
constexpr Shares<Address>::Most most_connections{512, 8};

std::vector<dns::Host> hosts_of(const Networks::Impl& networks) {
  std::vector<dns::Host> hosts;
  for (const auto& [id, state] : networks.sandboxes) {
    for (const Lease& lease : state.sandbox().leases) {
      auto network = networks.networks.find(lease.network);
      auto address = parse_address(lease.address);
      if (network == networks.networks.end() || !address) continue;
      dns::Host host{lease.network, id, *address, parse_address(lease.address6), {}, {}};
      host.names = lease.request.names;
      host.canonical_name = lease.request.canonical_name;
      host.active = state.stored.active;
      const NetworkSpec& spec = network->second.record().spec;
      host.internal = spec.internal;
      host.forgeable = flag_of(spec, option_spoofing).value_or(false);
      hosts.push_back(std::move(host));
    }
  }
  return hosts;
}

}  // namespace

struct NameServer::Impl : std::enable_shared_from_this<Impl> {
  struct Place {
    std::string id;
    ino_t netns = 0;
    std::shared_ptr<dns::Listener> listener;
  };

  Impl(asio::io_context& io_, Networks::Impl& networks_, std::string resolv_conf)
      : io(io_), networks(networks_), forwarder(io_, std::move(resolv_conf)) {}

  const dns::Zone& current_zone() {
    if (zone_generation != networks.generation) {
      zone = dns::Zone(hosts_of(networks));
      zone_generation = networks.generation;
    }
    return zone;
  }

  dns::Response answer(const std::string& network, dns::Question question);
  dns::Response forward(dns::Query query, dns::Question question);
  asio::awaitable<std::string> finish(Shares<Address>::Place place, dns::Query query,
                                      dns::Question question);
  void open(const std::string& name);
  void close(const std::string& name);

  asio::io_context& io;
  Networks::Impl& networks;
  dns::Forwarder forwarder;
  std::map<std::string, Place> places;
  dns::Zone zone;
  uint64_t zone_generation = ~uint64_t{0};
  size_t rotation = 0;
  Shares<Address> forwarded{most_forwarded};
  Shares<Address> connections{most_connections};
};

dns::Response NameServer::Impl::answer(const std::string& network, dns::Question question) {
  dns::Parsed parsed = dns::parse_query(question.packet);
  if (!parsed.query) return {std::move(parsed.malformed.reply), {}};
  const dns::Query& query = *parsed.query;
  dns::Lookup lookup = current_zone().look_up({network, question.asker}, query, rotation++);
  if (lookup.verdict == dns::Verdict::forward) return forward(query, std::move(question));
  if (lookup.verdict == dns::Verdict::unknown) lookup.answer.rcode = dns::Rcode::name_error;
  return {encode(query, lookup.answer, question.transport), {}};
}

dns::Response NameServer::Impl::forward(dns::Query query, dns::Question question) {
  auto place = forwarded.take(question.asker);
  if (!place) return {encode(query, {dns::Rcode::server_failure, {}}, question.transport), {}};
  return {"", [self = shared_from_this(), place = std::move(place), query = std::move(query),
               question = std::move(question)] { return self->finish(place, query, question); }};
}

asio::awaitable<std::string> NameServer::Impl::finish(Shares<Address>::Place, dns::Query query,
                                                      dns::Question question) {
  auto self = shared_from_this();
  auto reply = co_await forwarder.ask(question.packet, query, question.transport);
  if (reply) co_return std::move(*reply);
  co_return encode(query, {dns::Rcode::server_failure, {}}, question.transport);
}

void NameServer::Impl::close(const std::string& name) {
  auto place = places.find(name);
  if (place == places.end()) return;
  place->second.listener->close();
  places.erase(place);
}

void NameServer::Impl::open(const std::string& name) {
  const auto& network = networks.networks.at(name);
  ino_t netns = sys::fstat(network.netns).st_ino;
  auto place = places.find(name);
  if (place != places.end() && place->second.id == network.record().id &&
      place->second.netns == netns)
    return;
  close(name);
  auto listener = std::make_shared<dns::Listener>(
      io,
      [self = weak_from_this(), name](dns::Question question) -> dns::Response {
        auto server = self.lock();
        return server ? server->answer(name, std::move(question)) : dns::Response{};
      },
      connections);
  listener->open(network.netns, network.pool.gateway);
  if (network.pool6) listener->open(network.netns, network.pool6->gateway);
  places[name] = {network.record().id, netns, std::move(listener)};
}

NameServer::NameServer(asio::io_context& io, Networks& networks, std::string host_resolv_conf)
    : impl_(std::make_shared<Impl>(io, *networks.impl_, std::move(host_resolv_conf))) {
  // The sockets would keep a removed network's namespace alive.
  impl_->networks.before_remove = [impl = std::weak_ptr(impl_)](const std::string& name) {
    if (auto server = impl.lock()) server->close(name);
  };
}

NameServer::~NameServer() {
  impl_->networks.before_remove = nullptr;
  for (auto& [name, place] : impl_->places) place.listener->close();
  impl_->places.clear();
}

void NameServer::sync() {
  std::vector<std::string> gone;
  for (const auto& [name, place] : impl_->places) {
    auto network = impl_->networks.networks.find(name);
    if (network == impl_->networks.networks.end() || !network->second.netns) gone.push_back(name);
  }
  for (const auto& name : gone) impl_->close(name);
  for (const auto& [name, network] : impl_->networks.networks)
    if (network.netns) impl_->open(name);
}

}  // namespace estiba::net
