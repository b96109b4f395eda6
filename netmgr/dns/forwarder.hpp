// Asks the host's resolvers, from the host's network namespace. Every question goes out from a port
// and with an id of its own, so that nobody can guess an answer in.
#pragma once
#include <sys/stat.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <vector>

#include "netmgr/dns/codec.hpp"

namespace estiba::net::dns {

class Forwarder {
 public:
  Forwarder(boost::asio::io_context& io, std::string resolv_conf);

  /// The reply with the asker's id; nothing if no resolver answered in time.
  boost::asio::awaitable<std::optional<std::string>> ask(std::string packet, Query query,
                                                         Transport transport);

 private:
  using IpAddress = boost::asio::ip::address;

  std::vector<IpAddress> upstreams();
  boost::asio::awaitable<std::optional<std::string>> ask_udp(IpAddress upstream, std::string packet,
                                                             Query query);
  boost::asio::awaitable<std::optional<std::string>> ask_tcp(IpAddress upstream, std::string packet,
                                                             Query query);

  boost::asio::io_context& io_;
  std::string resolv_conf_;
  struct timespec read_at_ {};
  std::vector<IpAddress> upstreams_;
};

}  // namespace estiba::net::dns
