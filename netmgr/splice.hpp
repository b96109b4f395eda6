// Moves bytes between two TCP connections inside the kernel (splice(2)), each direction until its
// end, which is passed on.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>

namespace estiba::net {

struct SplicedPair {
  explicit SplicedPair(boost::asio::io_context& io) : client(io), server(io) {}
  boost::asio::ip::tcp::socket client, server;
  /// The connection's place among those that may be open; it counts until both directions have
  /// ended and let go of the pair.
  std::shared_ptr<const void> place;

  void close();
};

/// From one of the pair's sockets to the other. Keeps the pair alive; an error closes both.
boost::asio::awaitable<void> splice_all(std::shared_ptr<SplicedPair> pair,
                                        boost::asio::ip::tcp::socket& from,
                                        boost::asio::ip::tcp::socket& to);

}  // namespace estiba::net
