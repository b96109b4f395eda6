// Which descriptors a process between clone3 and execve still has. It begins as a copy of the
// keeper with all of the keeper's; each step closes (not: marks) what later ones have no use for,
// so that no path of the container's is ever resolved while one of the host's is open: through
// /proc/self/fd/N/.. it would lead out.
#pragma once
#include <initializer_list>
#include <map>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

/// What the child takes over of the keeper's descriptors; -1: not used.
struct ChildFds {
  int status = -1;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;
  /// The pidfds of the containers whose namespaces are joined, by id.
  std::map<std::string, int> containers;
};

/// The host's null device, checked: what stands at a container's /dev/null may be anything. `flags`
/// as open(2)'s.
UniqueFd host_null(int flags);

/// Makes 0, 1 and 2 the process's streams (/dev/null where there is none, until a terminal takes
/// their place) and closes everything else but the status socket and the pidfds.
void keep_own(const ChildFds& fds);

/// Closes everything from 3 up but these; -1 among them is nothing.
void close_all_but(std::initializer_list<int> kept);

}  // namespace estiba::runtime
