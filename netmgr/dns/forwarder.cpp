#include "netmgr/dns/forwarder.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "netmgr/name_server.hpp"

namespace estiba::net::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr uint16_t dns_port = 53;
constexpr size_t upstreams_tried = 2;
// Two tries stay within the five seconds that resolvers in containers wait.
constexpr auto patience = std::chrono::milliseconds(2000);
constexpr size_t udp_buffer_size = 8192;

uint16_t random_id() { return static_cast<uint16_t>(*text::to_uint(text::random_hex(4), 16)); }

/// Closes the socket when time is up; the handler keeps the socket, not the coroutine.
template <typename Socket>
class Deadline {
 public:
  Deadline(asio::io_context& io, std::shared_ptr<Socket> socket) : timer_(io, patience) {
    timer_.async_wait([socket](error_code code) {
      error_code ignored;
      if (!code) socket->close(ignored);
    });
  }

 private:
  asio::steady_timer timer_;
};

}  // namespace

Forwarder::Forwarder(asio::io_context& io, std::string resolv_conf)
    : io_(io), resolv_conf_(std::move(resolv_conf)) {}

std::vector<Forwarder::IpAddress> Forwarder::upstreams() {
  try {
    auto status = sys::stat(resolv_conf_);
    if (!status) return {};
    bool same =
        status->st_mtim.tv_sec == read_at_.tv_sec && status->st_mtim.tv_nsec == read_at_.tv_nsec;
    if (same) return upstreams_;
    upstreams_.clear();
    for (const auto& text : parse_resolv_conf(fs::read_all(resolv_conf_)).nameservers) {
      error_code invalid;
      auto address = asio::ip::make_address(text, invalid);
      if (!invalid && upstreams_.size() < upstreams_tried) upstreams_.push_back(address);
    }
    read_at_ = status->st_mtim;
  } catch (const Error& error) {
    log::debug(error.message());
  }
  return upstreams_;
}

asio::awaitable<std::optional<std::string>> Forwarder::ask(std::string packet, Query query,
                                                           Transport transport) {
  for (const IpAddress& upstream : upstreams()) {
    std::optional<std::string> reply;
    if (transport == Transport::udp)
      reply = co_await ask_udp(upstream, packet, query);
    else
      reply = co_await ask_tcp(upstream, packet, query);
    if (!reply) continue;
    set_id(*reply, query.id);
    co_return reply;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<std::string>> Forwarder::ask_udp(IpAddress upstream,
                                                               std::string packet, Query query) {
  udp::endpoint target(upstream, dns_port);
  auto socket = std::make_shared<udp::socket>(io_);
  error_code failed;
  socket->open(target.protocol(), failed);
  // Connected: the kernel then drops what comes from elsewhere and reports a dead port.
  if (!failed) socket->connect(target, failed);
  if (failed) co_return std::nullopt;
  Deadline<udp::socket> deadline(io_, socket);
  uint16_t id = random_id();
  set_id(packet, id);
  auto [send_error, sent] = co_await socket->async_send(asio::buffer(packet), as_result);
  if (send_error) co_return std::nullopt;
  std::string reply;
  while (true) {
    reply.resize(udp_buffer_size);
    auto [error, size] = co_await socket->async_receive(asio::buffer(reply), as_result);
    if (error) co_return std::nullopt;
    reply.resize(size);
    if (is_reply_to(reply, id, query)) co_return reply;
  }
}

asio::awaitable<std::optional<std::string>> Forwarder::ask_tcp(IpAddress upstream,
                                                               std::string packet, Query query) {
  auto socket = std::make_shared<tcp::socket>(io_);
  Deadline<tcp::socket> deadline(io_, socket);
  tcp::endpoint target(upstream, dns_port);
  auto [connect_error] = co_await socket->async_connect(target, as_result);
  if (connect_error) co_return std::nullopt;
  uint16_t id = random_id();
  set_id(packet, id);
  std::string framed{static_cast<char>(packet.size() >> 8), static_cast<char>(packet.size())};
  framed += packet;
  auto [write_error, written] =
      co_await asio::async_write(*socket, asio::buffer(framed), as_result);
  if (write_error) co_return std::nullopt;
  std::string length(2, '\0');
  auto [length_error, got] = co_await asio::async_read(*socket, asio::buffer(length), as_result);
  if (length_error) co_return std::nullopt;
  std::string reply(static_cast<size_t>(static_cast<unsigned char>(length[0])) << 8 |
                        static_cast<unsigned char>(length[1]),
                    '\0');
  auto [error, size] = co_await asio::async_read(*socket, asio::buffer(reply), as_result);
  if (error || !is_reply_to(reply, id, query)) co_return std::nullopt;
  co_return reply;
}

}  // namespace estiba::net::dns
