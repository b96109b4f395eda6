// A netlink socket: it belongs to the network namespace its thread was in when it was opened, and
// keeps to it wherever it is used from afterwards.
#pragma once
#include <vector>

#include "netmgr/netlink/message.hpp"

namespace estiba::net::netlink {

class Socket {
 public:
  /// `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER.
  explicit Socket(int protocol);

  /// Sends all in one write and reads every acknowledgement asked for. An Error is that of the
  /// first request that failed, with the kernel's own explanation; the later ones have been tried
  /// all the same.
  void run(std::vector<Message> batch);
  void run(Message message);
  /// Every message of the answer to a dump request, or the one answer to a plain request.
  std::vector<Reply> ask(Message request);
  /// As ask, for one object; nothing if there is no such object.
  std::optional<Reply> ask_one(Message request);

  /// From now on the kernel's notifications of a group come here: for a socket of their own.
  void join(int group);
  /// Every notification that waits; nothing if some were lost.
  std::optional<std::vector<Reply>> waiting();

  FdRef fd() const { return fd_; }

 private:
  void send(const std::string& bytes);
  /// One datagram; valid until the thread's next call.
  std::string_view receive();

  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace estiba::net::netlink
