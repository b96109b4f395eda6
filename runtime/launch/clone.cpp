#include "runtime/launch/clone.hpp"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.hpp"

namespace estiba::runtime {

std::optional<Cloned> clone_process(uint64_t namespaces, int cgroup) {
  int pidfd = -1;
  clone_args args{};
  args.flags = namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup);
  }
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) throw Error{"clone3", "", Errno{errno}};
  if (pid == 0) return std::nullopt;
  return Cloned{static_cast<pid_t>(pid), UniqueFd{pidfd}};
}

}  // namespace estiba::runtime
