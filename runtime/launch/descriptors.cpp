#include "runtime/launch/descriptors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr unsigned first_beyond_streams = 3;

void close_others(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = first_beyond_streams;
  for (int fd : kept) {
    if (fd < static_cast<int>(first)) continue;
    if (fd > static_cast<int>(first)) sys::close_range(first, static_cast<unsigned>(fd) - 1);
    first = static_cast<unsigned>(fd) + 1;
  }
  sys::close_range(first, ~0U);
}

}  // namespace

UniqueFd host_null(int flags) {
  UniqueFd null = sys::open("/dev/null", flags | O_NOFOLLOW);
  struct stat status = sys::fstat(null);
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
    throw Error("the host's /dev/null is not the null device");
  return null;
}

void keep_own(const ChildFds& fds) {
  UniqueFd null = host_null(O_RDONLY);
  int wanted[] = {fds.stdin_fd, fds.stdout_fd, fds.stderr_fd};
  for (int stream = 0; stream < 3; ++stream)
    sys::dup2(wanted[stream] < 0 ? FdRef(null) : FdRef(wanted[stream]), stream);
  std::vector<int> kept{fds.status};
  for (const auto& [id, pidfd] : fds.containers) kept.push_back(pidfd);
  close_others(std::move(kept));
  null.release();
}

void close_all_but(std::initializer_list<int> kept) { close_others(kept); }

}  // namespace estiba::runtime
