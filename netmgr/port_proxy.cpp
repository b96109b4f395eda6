#include "netmgr/port_proxy.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "netmgr/netns.hpp"
#include "netmgr/networks_impl.hpp"
#include "netmgr/shares.hpp"
#include "netmgr/splice.hpp"

namespace estiba::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
// Each connection costs six descriptors.
constexpr size_t descriptors = 6;
constexpr size_t most_connections = 1024;
constexpr auto connect_time = std::chrono::seconds(5);
constexpr auto pause_time = std::chrono::milliseconds(100);

// A quarter of the descriptors that we may have, and of that a quarter for a port: neither one port
// nor all of them stop the server's other work.
Shares<std::string>::Most most_of_each() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  size_t most = std::clamp<size_t>(limit.rlim_cur / descriptors / 4, 16, most_connections);
  return {most, most / 4};
}

/// The client sees a reset, as if nobody listened.
void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

struct PortProxy::Impl : std::enable_shared_from_this<Impl> {
  /// One reserving socket that we accept on.
  struct Publication {
    explicit Publication(asio::io_context& io) : acceptor(io) {}
    tcp::acceptor acceptor;
    std::string name, container;
    uint16_t container_port = 0;
    ino_t inode = 0;
    std::vector<std::weak_ptr<SplicedPair>> pairs;

    void close() {
      error_code ignored;
      acceptor.close(ignored);
      for (auto& pair : pairs)
        if (auto open = pair.lock()) open->close();
    }
  };

  Impl(asio::io_context& io_, Networks::Impl& networks_) : io(io_), networks(networks_) {}

  void open(const std::string& container, const PortSocket& socket);
  asio::awaitable<void> accept(std::shared_ptr<Publication> publication);
  asio::awaitable<void> serve(std::shared_ptr<Publication> publication,
                              std::shared_ptr<SplicedPair> pair);
  asio::awaitable<bool> connect(const Publication& publication, std::shared_ptr<SplicedPair> pair);

  asio::io_context& io;
  Networks::Impl& networks;
  std::map<std::string, std::shared_ptr<Publication>> publications;
  Shares<std::string> connections{most_of_each()};
  bool closed = false;
};

void PortProxy::Impl::open(const std::string& container, const PortSocket& socket) {
  ino_t inode = sys::fstat(socket.fd).st_ino;
  auto& place = publications[socket.name];
  if (place && place->inode == inode) return;
  if (place) place->close();
  place = std::make_shared<Publication>(io);
  place->name = socket.name;
  place->container = container;
  place->container_port = socket.container_port;
  place->inode = inode;
  place->acceptor.assign(socket.address.family == Family::v4 ? tcp::v4() : tcp::v6(),
                         sys::dup(socket.fd).release());
  asio::co_spawn(io, accept(place), asio::detached);
}

asio::awaitable<void> PortProxy::Impl::accept(std::shared_ptr<Publication> publication) {
  auto self = shared_from_this();
  while (publication->acceptor.is_open()) {
    auto pair = std::make_shared<SplicedPair>(io);
    auto [failed] = co_await publication->acceptor.async_accept(pair->client, as_result);
    if (!publication->acceptor.is_open()) co_return;
    // Counted from here on: a container that does not answer holds up its own port alone.
    if (!failed) pair->place = connections.take(publication->name);
    if (failed || !pair->place) {
      reset(pair->client);
      // What waits in the backlog is served later; accepting at once would only spin.
      asio::steady_timer pause(io, pause_time);
      co_await pause.async_wait(as_result);
      continue;
    }
    std::erase_if(publication->pairs, [](const auto& old) { return old.expired(); });
    publication->pairs.push_back(pair);
    asio::co_spawn(io, serve(publication, pair), asio::detached);
  }
}

// Connects from within the network's namespace, so that no rule of the host is in the way.
asio::awaitable<bool> PortProxy::Impl::connect(const Publication& publication,
                                               std::shared_ptr<SplicedPair> pair) {
  if (closed) co_return false;
  auto state = networks.sandboxes.find(publication.container);
  if (state == networks.sandboxes.end()) co_return false;
  const Lease* lease = networks.gateway_lease(state->second.sandbox());
  if (!lease) co_return false;
  auto network = networks.networks.find(lease->network);
  if (network == networks.networks.end() || !network->second.netns) co_return false;
  tcp::endpoint target(asio::ip::make_address(lease->address), publication.container_port);
  {
    ScopedNetns there(network->second.netns);
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) co_return false;
    pair->server.assign(tcp::v4(), fd);
  }
  asio::steady_timer timer(io, connect_time);
  timer.async_wait([pair](error_code code) {
    if (!code) pair->close();
  });
  auto [failed] = co_await pair->server.async_connect(target, as_result);
  co_return !failed;
}

asio::awaitable<void> PortProxy::Impl::serve(std::shared_ptr<Publication> publication,
                                             std::shared_ptr<SplicedPair> pair) {
  auto self = shared_from_this();
  bool connected = co_await connect(*publication, pair);
  error_code failed;
  if (connected) pair->client.non_blocking(true, failed);
  if (!connected || failed) {
    reset(pair->client);
    co_return;
  }
  for (tcp::socket* socket : {&pair->client, &pair->server}) {
    socket->set_option(tcp::no_delay(true), failed);
    socket->set_option(asio::socket_base::keep_alive(true), failed);
  }
  asio::co_spawn(io, splice_all(pair, pair->client, pair->server), asio::detached);
  asio::co_spawn(io, splice_all(pair, pair->server, pair->client), asio::detached);
}

PortProxy::PortProxy(asio::io_context& io, Networks& networks)
    : impl_(std::make_shared<Impl>(io, *networks.impl_)) {}

PortProxy::~PortProxy() {
  impl_->closed = true;
  for (auto& [name, publication] : impl_->publications) publication->close();
  impl_->publications.clear();
}

void PortProxy::sync() {
  std::map<std::string, std::shared_ptr<Impl::Publication>> before;
  before.swap(impl_->publications);
  for (const auto& [id, state] : impl_->networks.sandboxes) {
    for (const auto& socket : state.sockets) {
      if (socket.protocol != "tcp") continue;
      auto known = before.extract(socket.name);
      if (known) impl_->publications.insert(std::move(known));
      impl_->open(id, socket);
    }
  }
  for (auto& [name, publication] : before) publication->close();
}

}  // namespace estiba::net
