// Hears of what others take away from a table of ours (the kernel's multicast of changes to
// nftables).
#pragma once
#include <string>

#include "netmgr/netlink/socket.hpp"

namespace estiba::net {

class RuleRemovals {
 public:
  /// In the calling thread's network namespace.
  explicit RuleRemovals(std::string table);
  FdRef fd() const { return socket_.fd(); }
  /// Reads what waits. True if something of the table has gone, ours to say why, or if there was
  /// too much to tell.
  bool take();

 private:
  std::string table_;
  netlink::Socket socket_;
};

/// Whether a notification tells of something that goes from the table. Pure.
bool is_removal(const netlink::Reply& notification, const std::string& table);

}  // namespace estiba::net
