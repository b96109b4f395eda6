#include "netmgr/dns/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr uint16_t dns_port = 53;
// So many questions are served before others' work gets its turn.
constexpr int batch = 64;
constexpr auto idle_time = std::chrono::seconds(10);

asio::ip::address to_asio(const Address& address) {
  return asio::ip::make_address(to_text(address));
}

Address from_asio(const asio::ip::address& address) {
  if (address.is_v4()) return {Family::v4, address.to_v4().to_uint()};
  auto bytes = address.to_v6().to_bytes();
  return *address_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// A socket belongs to the namespace it is made in, for ever.
int make_socket(FdRef netns, Family family, int type) {
  ScopedNetns there(netns);
  int fd =
      ::socket(family == Family::v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw Error{"socket", "name server", Errno{errno}};
  return fd;
}

void check(const error_code& failed, const Address& address) {
  if (failed)
    throw Error{"bind", cat("name server at ", to_text(address), ":53"), Errno{failed.value()}};
}

}  // namespace

struct Listener::UdpSocket {
  explicit UdpSocket(asio::io_context& io) : socket(io) {}
  udp::socket socket;
};

Listener::Listener(asio::io_context& io, Handler handler, Shares<Address> connections)
    : io_(io), handler_(std::move(handler)), connections_(std::move(connections)) {}

// What a stranger's bytes do to the handler ends here: the server has others to serve.
Response Listener::respond(Question question) {
  try {
    return handler_(std::move(question));
  } catch (const std::exception& error) {
    log::debug(cat("a name could not be looked up: ", error.what()));
    return {};
  }
}

void Listener::open(FdRef netns, const Address& address) {
  bool v4 = address.family == Family::v4;
  error_code failed;
  auto socket = std::make_shared<UdpSocket>(io_);
  socket->socket.assign(v4 ? udp::v4() : udp::v6(), make_socket(netns, address.family, SOCK_DGRAM));
  socket->socket.bind({to_asio(address), dns_port}, failed);
  check(failed, address);
  socket->socket.non_blocking(true);
  auto acceptor = std::make_shared<tcp::acceptor>(io_);
  acceptor->assign(v4 ? tcp::v4() : tcp::v6(), make_socket(netns, address.family, SOCK_STREAM));
  acceptor->set_option(tcp::acceptor::reuse_address(true));
  acceptor->bind({to_asio(address), dns_port}, failed);
  check(failed, address);
  acceptor->listen();
  sockets_.push_back(socket);
  acceptors_.push_back(acceptor);
  wait(socket);
  asio::co_spawn(io_, accept(acceptor), asio::detached);
}

void Listener::close() {
  closed_ = true;
  error_code ignored;
  for (auto& socket : sockets_) socket->socket.close(ignored);
  for (auto& acceptor : acceptors_) acceptor->close(ignored);
}

void Listener::wait(std::shared_ptr<UdpSocket> socket) {
  auto& waiting = socket->socket;
  waiting.async_wait(udp::socket::wait_read,
                     [self = shared_from_this(), socket](error_code failed) {
                       if (failed || self->closed_) return;
                       self->serve(socket);
                       self->wait(socket);
                     });
}

void Listener::serve(const std::shared_ptr<UdpSocket>& socket) {
  for (int i = 0; i < batch; ++i) {
    Question question;
    question.packet.resize(largest_udp_size);
    udp::endpoint from;
    error_code failed;
    size_t size = socket->socket.receive_from(asio::buffer(question.packet), from, 0, failed);
    if (failed) return;
    question.packet.resize(size);
    question.asker = from_asio(from.address());
    Response response = respond(std::move(question));
    // What cannot be sent at once is lost, as datagrams are; the asker tries again.
    if (!response.reply.empty())
      socket->socket.send_to(asio::buffer(response.reply), from, 0, failed);
    if (response.later)
      asio::co_spawn(io_, reply_later(socket, from, std::move(response)), asio::detached);
  }
}

asio::awaitable<void> Listener::reply_later(std::shared_ptr<UdpSocket> socket, udp::endpoint asker,
                                            Response response) {
  std::string reply = co_await response.later();
  error_code ignored;
  if (!reply.empty()) socket->socket.send_to(asio::buffer(reply), asker, 0, ignored);
}

asio::awaitable<void> Listener::accept(std::shared_ptr<tcp::acceptor> acceptor) {
  auto self = shared_from_this();
  while (!closed_) {
    auto [failed, accepted] = co_await acceptor->async_accept(as_result);
    if (failed == asio::error::operation_aborted || closed_) co_return;
    if (failed) {
      // Out of descriptors, most likely: trying again at once would only spin.
      asio::steady_timer pause(io_, std::chrono::milliseconds(100));
      co_await pause.async_wait(as_result);
      continue;
    }
    error_code gone;
    auto peer = accepted.remote_endpoint(gone);
    if (gone) continue;
    Address asker = from_asio(peer.address());
    auto place = connections_.take(asker);
    if (!place) continue;
    auto connection = std::make_shared<tcp::socket>(std::move(accepted));
    asio::co_spawn(io_, converse(connection, asker, std::move(place)), asio::detached);
  }
}

// The place is given back when the conversation ends, however it does.
asio::awaitable<void> Listener::converse(std::shared_ptr<tcp::socket> connection, Address asker,
                                         Shares<Address>::Place) {
  auto self = shared_from_this();
  asio::steady_timer idle(io_);
  while (!closed_) {
    idle.expires_after(idle_time);
    idle.async_wait([connection](error_code code) {
      error_code ignored;
      if (!code) connection->close(ignored);
    });
    std::array<unsigned char, 2> length{};
    auto [no_length, got] = co_await asio::async_read(*connection, asio::buffer(length), as_result);
    if (no_length) co_return;
    Question question{asker, "", Transport::tcp};
    question.packet.resize(size_t{length[0]} << 8 | length[1]);
    auto [no_packet, size] =
        co_await asio::async_read(*connection, asio::buffer(question.packet), as_result);
    if (no_packet) co_return;
    Response response = respond(std::move(question));
    if (response.later) response.reply = co_await response.later();
    if (response.reply.empty()) co_return;
    std::string framed{static_cast<char>(response.reply.size() >> 8),
                       static_cast<char>(response.reply.size())};
    framed += response.reply;
    auto [unsent, sent] = co_await asio::async_write(*connection, asio::buffer(framed), as_result);
    if (unsent) co_return;
  }
}

}  // namespace estiba::net::dns
