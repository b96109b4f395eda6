// Puts the host's rules back when somebody takes them away: `nft flush ruleset`, as
// /etc/nftables.conf begins, would leave networks joined until the next command. Runs on the
// server's io_context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>

#include "netmgr/network.hpp"

namespace estiba::net {

class FirewallWatch {
 public:
  /// Makes the rules anew first, if there are networks that need them: nobody watched until now.
  FirewallWatch(boost::asio::io_context& io, Networks& networks);
  ~FirewallWatch();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace estiba::net
