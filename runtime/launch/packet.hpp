// One packet on a SOCK_SEQPACKET socket: bytes and the descriptors that travel with them
// (SCM_RIGHTS). What does not fit a socket buffer travels in a memfd in front of them.
#pragma once
#include <sys/types.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
  pid_t sender = 0;  ///< as the kernel tells it, of a socket with SO_PASSCRED; else 0
};

enum class SendResult { sent, would_block, closed };
SendResult send_packet(FdRef socket, const std::string& bytes, const std::vector<int>& fds);

/// Nothing: none waits (of a non-blocking socket). At the end `closed` is set.
struct Received {
  std::optional<Packet> packet;
  bool closed = false;
};
enum class Wait { no, yes };
/// From whom: of a stranger only what lies in the packet itself is read, for a descriptor of its
/// own could keep the reader waiting for ever.
enum class Peer { trusted, stranger };
Received receive_packet(FdRef socket, Wait wait, Peer peer = Peer::trusted);

/// A short packet without descriptors, by write(2): all that a process may have left to say it with
/// once its seccomp filter is loaded.
void write_packet(FdRef socket, const std::string& bytes);

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
