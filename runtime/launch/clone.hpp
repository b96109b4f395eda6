// clone3(2) for a single-threaded parent: a fork with namespaces, a pidfd and a cgroup.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

struct Cloned {
  pid_t pid = 0;
  UniqueFd pidfd;
};
/// Nothing in the child. `cgroup` is a v2 directory, -1: the parent's own.
std::optional<Cloned> clone_process(uint64_t namespaces, int cgroup);

}  // namespace estiba::runtime
