// The sockets of one network's name server: they live in the network's namespace, at the gateway's
// addresses. What is asked goes to a handler; what it answers goes back.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/unique_fd.hpp"
#include "netmgr/dns/codec.hpp"
#include "netmgr/shares.hpp"

namespace estiba::net::dns {

struct Question {
  Address asker;
  std::string packet;
  Transport transport = Transport::udp;
};
/// The reply at once, or a coroutine that finds it; an empty reply is not sent.
struct Response {
  std::string reply;
  std::function<boost::asio::awaitable<std::string>()> later;
};
using Handler = std::function<Response(Question)>;

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// `connections`: what all listeners together have open.
  Listener(boost::asio::io_context& io, Handler handler, Shares<Address> connections);
  /// Opens UDP and TCP at the address, in the namespace.
  void open(FdRef netns, const Address& address);
  void close();

 private:
  struct UdpSocket;

  static boost::asio::awaitable<void> reply_later(std::shared_ptr<UdpSocket> socket,
                                                  boost::asio::ip::udp::endpoint asker,
                                                  Response response);
  void wait(std::shared_ptr<UdpSocket> socket);
  void serve(const std::shared_ptr<UdpSocket>& socket);
  boost::asio::awaitable<void> accept(std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor);
  boost::asio::awaitable<void> converse(std::shared_ptr<boost::asio::ip::tcp::socket> connection,
                                        Address asker, Shares<Address>::Place place);
  Response respond(Question question);

  boost::asio::io_context& io_;
  Handler handler_;
  std::list<std::shared_ptr<UdpSocket>> sockets_;
  std::list<std::shared_ptr<boost::asio::ip::tcp::acceptor>> acceptors_;
  Shares<Address> connections_;
  bool closed_ = false;
};

}  // namespace estiba::net::dns
