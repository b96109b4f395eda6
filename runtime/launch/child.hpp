// The processes between clone3 and execve: a container's first process and an exec'd one. They are
// copies of the single-threaded keeper, so ordinary code may run; all they say goes over one socket
// to the keeper: reports, and by its end without a failure the execve.
#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "base/unique_fd.hpp"
#include "runtime/launch/descriptors.hpp"
#include "runtime/launch/request.hpp"
#include "runtime/rootfs/mount_apply.hpp"

namespace estiba::runtime {

[[noreturn]] void run_container(const LaunchRequest& request, const ChildFds& fds,
                                const Scratch& scratch);
[[noreturn]] void run_exec(const ExecRequest& request, const ChildFds& fds);

// What comes over the status socket, each at most once. After the execve of an init the container
// itself holds the other end for a while, and before that one that may trace the process: the
// keeper believes nothing that it can check.
struct StartFailed {
  std::string message;
  int32_t exit_code = 1;
};
/// Carries the terminal's master.
struct TerminalOpened {
  bool is_open = true;
};
/// Of the process that was born in the pid namespace that is joined: its sender, by the socket's
/// credentials, is the process from now on. A container waits for one byte before it goes on.
struct EnteredPidNamespace {
  bool is_inside = true;
};
using ChildReport = std::variant<StartFailed, TerminalOpened, EnteredPidNamespace>;

template <typename A>
void visit(A& a, StartFailed& v) {
  a(v.message, v.exit_code);
}
template <typename A>
void visit(A& a, TerminalOpened& v) {
  a(v.is_open);
}
template <typename A>
void visit(A& a, EnteredPidNamespace& v) {
  a(v.is_inside);
}

/// Sends the failure to the keeper and ends the process.
[[noreturn]] void report_failure(FdRef status, const std::string& message, int exit_code);

}  // namespace estiba::runtime
