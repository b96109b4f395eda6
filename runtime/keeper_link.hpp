// The server's end of the connection to the keeper: numbers requests, finds again who waits for an
// answer, and connects anew when a keeper has died and its anchor started another.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/keeper/layout.hpp"
#include "runtime/launch/messages.hpp"
#include "runtime/launch/packet.hpp"

namespace estiba::runtime {

class KeeperLink {
 public:
  explicit KeeperLink(Layout layout);

  /// Stays the same descriptor over reconnections.
  FdRef fd() const { return epoll_; }

  struct Message {
    KeeperMessage content;
    std::vector<UniqueFd> fds;
  };
  /// Greets, and returns what the keeper holds.
  std::vector<Message> connect();
  /// Throws if the keeper has died.
  void send(const ServerMessage& message, const std::vector<int>& fds = {});
  /// False if the keeper has died.
  bool try_send(const ServerMessage& message, const std::vector<int>& fds = {});
  /// Nothing if none waits. On the end of the connection `lost()` is true until connect().
  std::optional<Message> receive();
  bool lost() const { return !socket_; }
  /// A new keeper listens.
  bool try_reconnect(std::vector<Message>& held);
  /// True once for every second of trying in vain: nobody starts a keeper, the anchor is dead too.
  bool needs_anchor();
  void retry_soon();

 private:
  void drop();

  Layout layout_;
  UniqueFd epoll_, timer_, socket_;
  int failures_ = 0;
};

}  // namespace estiba::runtime
