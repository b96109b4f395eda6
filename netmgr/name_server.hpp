// DNS for service names: listens on every network's gateway, port 53 (UDP and TCP), answers names
// of the asking container's networks, and forwards the rest to the host's resolvers (never for a
// container whose networks are all internal). Runs on the server's io_context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "netmgr/network.hpp"

namespace estiba::net {

class NameServer {
 public:
  NameServer(boost::asio::io_context& io, Networks& networks,
             std::string host_resolv_conf = "/etc/resolv.conf");
  ~NameServer();

  /// Opens or closes listeners so that they match the networks that exist. Call after create,
  /// remove, ensure, and once at start.
  void sync();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The content of a container's /etc/resolv.conf: our name server, or the host's for host
/// networking.
struct ResolvConf {
  std::vector<std::string> nameservers, search, options;
};
std::string to_text(const ResolvConf& conf);
/// Parses the host's file: nameserver, search, options lines.
ResolvConf parse_resolv_conf(const std::string& text);

}  // namespace estiba::net
