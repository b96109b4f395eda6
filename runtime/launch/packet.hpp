// One packet on a SOCK_SEQPACKET socket: bytes and the descriptors that travel with them
// (SCM_RIGHTS). What does not fit a socket buffer travels in a memfd in front of them.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

enum class SendResult { sent, would_block, closed };
SendResult send_packet(FdRef socket, const std::string& bytes, const std::vector<int>& fds);

/// Nothing: none waits (of a non-blocking socket). At the end `closed` is set.
struct Received {
  std::optional<Packet> packet;
  bool closed = false;
};
enum class Wait { no, yes };
Received receive_packet(FdRef socket, Wait wait);

/// Packets that wait for room in the socket's buffer, so that neither end ever blocks.
class PacketQueue {
 public:
  /// Sends at once if nothing waits. False: the other end is gone.
  bool send(FdRef socket, std::string bytes, std::vector<UniqueFd> fds);
  /// Sends what it can. False: the other end is gone.
  bool flush(FdRef socket);
  bool empty() const { return waiting_.empty(); }
  void clear() { waiting_.clear(); }

 private:
  std::deque<Packet> waiting_;
};

}  // namespace estiba::runtime
