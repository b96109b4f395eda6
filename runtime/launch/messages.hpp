// The protocol between the server (client) and the keeper, over one SOCK_SEQPACKET connection.
//
//   server                      keeper
//   Greeting            ──▶
//                       ◀──     Held (+ fds) for each container, StoredFd (+ fd) for each
//                               descriptor, then Ready
//   Launch, Exec        ──▶
//                       ◀──     Started (+ fds) or Failed, with the request's number
//                       ◀──     Exited, at any time, after the Started it belongs to
//   the others          ──▶     (no answer)
#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "runtime/launch/request.hpp"

namespace estiba::runtime {

constexpr uint32_t protocol_version = 1;

// From the server.
struct Greeting {
  uint32_t version = protocol_version;
};
struct Launch {
  uint64_t number = 0;
  LaunchRequest request;
};
/// Carries the fds for 0, 1 and 2 unless the process has a terminal.
struct Exec {
  uint64_t number = 0;
  ExecRequest request;
};
/// The exit was taken note of; what is held of the container may go.
struct Forget {
  std::string id;
};
struct CloseStdin {
  std::string id;
};
/// Carries a descriptor.
struct StoreFd {
  std::string name;
};
struct DropFd {
  std::string name;
};
/// A new keeper is given the pty master that the old one held. Carries it.
struct ReturnTerminal {
  std::string id;
};
struct Shutdown {
  bool now = true;
};

// From the keeper.
/// Which descriptors follow in the message, in this order.
struct FdSet {
  bool pidfd = false, stdin_writer = false, stdout_reader = false, stderr_reader = false,
       terminal = false;
};
/// pid 0: it has ended, and its exit is on disk.
struct Held {
  std::string id, cgroup;
  int32_t pid = 0;
  FdSet fds;
};
/// Carries a descriptor.
struct StoredFd {
  std::string name;
};
struct Ready {
  uint32_t version = protocol_version;
};
struct LaunchStarted {
  uint64_t number = 0;
  int32_t pid = 0;
  FdSet fds;
};
struct LaunchFailed {
  uint64_t number = 0;
  std::string message;
  int32_t exit_code = 1;
};
struct Exited {
  std::string id;
  int32_t exit_code = 0, signal = 0;
  bool oom_killed = false;
  int64_t finished_at = 0;  ///< nanoseconds since the epoch
};

using ServerMessage = std::variant<Greeting, Launch, Exec, Forget, CloseStdin, StoreFd, DropFd,
                                   ReturnTerminal, Shutdown>;
using KeeperMessage = std::variant<Held, StoredFd, Ready, LaunchStarted, LaunchFailed, Exited>;

template <typename A>
void visit(A& a, Greeting& v) {
  a(v.version);
}
template <typename A>
void visit(A& a, Launch& v) {
  a(v.number, v.request);
}
template <typename A>
void visit(A& a, Exec& v) {
  a(v.number, v.request);
}
template <typename A>
void visit(A& a, Forget& v) {
  a(v.id);
}
template <typename A>
void visit(A& a, CloseStdin& v) {
  a(v.id);
}
template <typename A>
void visit(A& a, StoreFd& v) {
  a(v.name);
}
template <typename A>
void visit(A& a, DropFd& v) {
  a(v.name);
}
template <typename A>
void visit(A& a, ReturnTerminal& v) {
  a(v.id);
}
template <typename A>
void visit(A& a, Shutdown& v) {
  a(v.now);
}
template <typename A>
void visit(A& a, FdSet& v) {
  a(v.pidfd, v.stdin_writer, v.stdout_reader, v.stderr_reader, v.terminal);
}
template <typename A>
void visit(A& a, Held& v) {
  a(v.id, v.cgroup, v.pid, v.fds);
}
template <typename A>
void visit(A& a, StoredFd& v) {
  a(v.name);
}
template <typename A>
void visit(A& a, Ready& v) {
  a(v.version);
}
template <typename A>
void visit(A& a, LaunchStarted& v) {
  a(v.number, v.pid, v.fds);
}
template <typename A>
void visit(A& a, LaunchFailed& v) {
  a(v.number, v.message, v.exit_code);
}
template <typename A>
void visit(A& a, Exited& v) {
  a(v.id, v.exit_code, v.signal, v.oom_killed, v.finished_at);
}

}  // namespace estiba::runtime
