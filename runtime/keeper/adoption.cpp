#include "runtime/keeper/adoption.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

// linux/pidfd.h of 6.15; Debian 12's headers do not have it.
struct PidfdInfo {
  uint64_t mask = 0, cgroup_id = 0;
  uint32_t pid = 0, tgid = 0, ppid = 0, ruid = 0, rgid = 0, euid = 0, egid = 0, suid = 0, sgid = 0,
           fsuid = 0, fsgid = 0;
  int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr uint64_t pidfd_info_exit = 1U << 3;
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, PidfdInfo);

// O_NONBLOCK: the container owns its descriptor table and may have put a fifo without a peer there;
// it is taken off again for the pipe that we know.
UniqueFd reopen(const ProcessRecord& record, int number, uint64_t inode, int flags) {
  if (inode == 0) return {};
  std::string path = cat("/proc/", std::to_string(record.pid), "/fd/", std::to_string(number));
  try {
    auto status = sys::stat(path);
    if (!status || !S_ISFIFO(status->st_mode) || status->st_ino != inode) return {};
    UniqueFd fd = sys::open(path, flags | O_NONBLOCK);
    if (sys::fstat(fd).st_ino != inode) return {};
    ::fcntl(fd.get(), F_SETFL, 0);
    return fd;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

HeldStreams reopen_streams(const ProcessRecord& record) {
  HeldStreams streams;
  streams.stdin_writer = reopen(record, 0, record.stdin_inode, O_WRONLY);
  streams.stdout_reader = reopen(record, 1, record.stdout_inode, O_RDONLY);
  streams.stderr_reader = reopen(record, 2, record.stderr_inode, O_RDONLY);
  return streams;
}

std::optional<Exited> exit_from_pidfd(const Child& child) {
  PidfdInfo info;
  info.mask = pidfd_info_exit;
  if (::ioctl(child.pidfd.get(), pidfd_get_info, &info) != 0) return std::nullopt;
  if ((info.mask & pidfd_info_exit) == 0) return std::nullopt;
  return exit_from_status(child.record, info.exit_code);
}

}  // namespace estiba::runtime
