// The processes between clone3 and execve: a container's first process and an exec'd one. They are
// copies of the single-threaded keeper, so ordinary code may run; all they say goes over one socket
// to the keeper: the terminal's master, or the Error that stopped them. Its end without an Error is
// the execve.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "runtime/launch/request.hpp"
#include "runtime/rootfs/mount_apply.hpp"

namespace estiba::runtime {

/// What the child takes over of the keeper's descriptors; -1: not used.
struct ChildFds {
  int status = -1;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;
  /// The pidfds of the containers whose namespaces are joined, by id.
  std::map<std::string, int> containers;
};

[[noreturn]] void run_container(const LaunchRequest& request, const ChildFds& fds,
                                const Scratch& scratch);
/// In the pid namespace already.
[[noreturn]] void run_exec(const ExecRequest& request, const ChildFds& fds);

/// What came over the status socket.
struct ChildReport {
  std::string message;  ///< empty: the terminal travels with it
  int32_t exit_code = 1;
};
template <typename A>
void visit(A& a, ChildReport& v) {
  a(v.message, v.exit_code);
}
/// Sends the Error to the keeper and ends the process.
[[noreturn]] void report_failure(FdRef status, const std::string& message, int exit_code);

}  // namespace estiba::runtime
