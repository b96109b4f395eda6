#include "netmgr/netns.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::net {
namespace {

std::string sysctl_path(const std::string& name) { return cat("/proc/sys/net/", name); }

}  // namespace

UniqueFd current_netns() { return sys::open("/proc/thread-self/ns/net", O_RDONLY); }

ScopedNetns::ScopedNetns(FdRef target) : home_(current_netns()) {
  if (::setns(target.get(), CLONE_NEWNET) != 0)
    throw Error{"setns", "network namespace", Errno{errno}};
}

ScopedNetns::ScopedNetns() : home_(current_netns()) {
  if (::unshare(CLONE_NEWNET) != 0) throw Error{"unshare", "network namespace", Errno{errno}};
}

ScopedNetns::~ScopedNetns() {
  if (::setns(home_.get(), CLONE_NEWNET) == 0) return;
  log::error("cannot return to the host's network namespace");
  std::abort();
}

void pin_netns(FdRef netns, const std::string& path) {
  sys::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  ScopeExit remove([&] { ::unlink(path.c_str()); });
  std::string source = cat("/proc/self/fd/", std::to_string(netns.get()));
  if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0)
    throw Error{"mount", path, Errno{errno}};
  remove.keep();
}

void unpin_netns(const std::string& path) {
  // EINVAL: a file without a mount, what a crash between the two steps of pin_netns leaves.
  bool gone = ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == EINVAL ||
              errno == ENOENT;
  if (!gone) throw Error{"umount", path, Errno{errno}};
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw Error{"unlink", path, Errno{errno}};
}

std::optional<UniqueFd> open_pinned(const std::string& path) {
  if (!fs::exists(path)) return std::nullopt;
  UniqueFd fd = sys::open(path, O_RDONLY | O_NOFOLLOW);
  struct statfs status {};
  bool pinned = ::fstatfs(fd.get(), &status) == 0 && status.f_type == NSFS_MAGIC;
  if (!pinned) return std::nullopt;
  return fd;
}

void write_sysctl(const std::string& name, const std::string& value) {
  UniqueFd fd = sys::open(sysctl_path(name), O_WRONLY);
  sys::write_all(fd, value, sysctl_path(name));
}

void write_sysctl_if_there(const std::string& name, const std::string& value) {
  try {
    write_sysctl(name, value);
  } catch (const Error& error) {
    if (error.code() != ENOENT) throw;
  }
}

std::string read_sysctl(const std::string& name) {
  return std::string(text::trim(fs::read_all(sysctl_path(name))));
}

}  // namespace estiba::net
