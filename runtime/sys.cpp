#include "runtime/sys.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <climits>

#include "base/error.hpp"

namespace estiba::sys {
namespace {

int check(long result, std::string_view call, std::string_view subject) {
  if (result < 0) throw Error{call, subject, Errno{errno}};
  return static_cast<int>(result);
}

}  // namespace

UniqueFd fsopen(const std::string& filesystem) {
  return UniqueFd{check(::fsopen(filesystem.c_str(), FSOPEN_CLOEXEC), "fsopen", filesystem)};
}

void fsconfig_string(FdRef context, const std::string& key, const std::string& value) {
  check(::fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0), "fsconfig",
        cat(key, "=", value));
}

void fsconfig_flag(FdRef context, const std::string& key) {
  check(::fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0), "fsconfig", key);
}

void fsconfig_create(FdRef context) {
  check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "fsconfig", "create");
}

UniqueFd fsmount(FdRef context, uint64_t attributes, std::string_view subject) {
  return UniqueFd{
      check(::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)), "fsmount",
            subject)};
}

UniqueFd open_tree(FdRef dir, const std::string& path, unsigned flags) {
  return UniqueFd{
      check(::open_tree(dir.get(), path.c_str(), flags | OPEN_TREE_CLOEXEC), "open_tree", path)};
}

void move_mount(FdRef mount, FdRef target, std::string_view subject) {
  check(::move_mount(mount.get(), "", target.get(), "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
        "move_mount", subject);
}

void mount_setattr(FdRef mount, const mount_attr& attributes, Depth depth,
                   std::string_view subject) {
  unsigned flags = AT_EMPTY_PATH | (depth == Depth::recursive ? unsigned{AT_RECURSIVE} : 0U);
  mount_attr copy = attributes;
  check(::mount_setattr(mount.get(), "", flags, &copy, sizeof copy), "mount_setattr", subject);
}

void mount(const char* source, const std::string& target, const char* type, unsigned long flags,
           const char* data) {
  check(::mount(source, target.c_str(), type, flags, data), "mount", target);
}

void pivot_root_here() { check(syscall(SYS_pivot_root, ".", "."), "pivot_root", ""); }

void umount2(const std::string& target, int flags) {
  check(::umount2(target.c_str(), flags), "umount2", target);
}

void fchdir(FdRef fd) { check(::fchdir(fd.get()), "fchdir", ""); }

void chdir(const std::string& path) { check(::chdir(path.c_str()), "chdir", path); }

std::string getcwd() {
  std::array<char, PATH_MAX + 16> buffer{};
  check(syscall(SYS_getcwd, buffer.data(), buffer.size()), "getcwd", "");
  return buffer.data();
}

void setns(FdRef target, int flags, std::string_view subject) {
  check(::setns(target.get(), flags), "setns", subject);
}

void unshare(int flags) { check(::unshare(flags), "unshare", ""); }

void sethostname(const std::string& name) {
  check(::sethostname(name.data(), name.size()), "sethostname", name);
}

void setdomainname(const std::string& name) {
  check(::setdomainname(name.data(), name.size()), "setdomainname", name);
}

void mkdirat(FdRef dir, const std::string& path, mode_t mode) {
  check(::mkdirat(dir.get(), path.c_str(), mode), "mkdir", path);
}

void mknodat(FdRef dir, const std::string& path, mode_t mode, dev_t device) {
  check(::mknodat(dir.get(), path.c_str(), mode, device), "mknod", path);
}

void symlinkat(const std::string& target, FdRef dir, const std::string& path) {
  check(::symlinkat(target.c_str(), dir.get(), path.c_str()), "symlink", path);
}

void fchownat(FdRef dir, const std::string& path, uid_t uid, gid_t gid, int flags) {
  check(::fchownat(dir.get(), path.c_str(), uid, gid, flags), "chown", path);
}

void fchown(FdRef fd, uid_t uid, gid_t gid) { check(::fchown(fd.get(), uid, gid), "fchown", ""); }

void fchmod(FdRef fd, mode_t mode) { check(::fchmod(fd.get(), mode), "fchmod", ""); }

void dup2(FdRef from, int to) { check(::dup2(from.get(), to), "dup2", ""); }

void set_cloexec(FdRef fd, bool on) {
  check(::fcntl(fd.get(), F_SETFD, on ? FD_CLOEXEC : 0), "fcntl", "F_SETFD");
}

void close_range(unsigned first, unsigned last) {
  check(::close_range(first, last, 0), "close_range", "");
}

int prctl(int option, unsigned long argument, std::string_view subject) {
  return check(::prctl(option, argument, 0UL, 0UL, 0UL), "prctl", subject);
}

std::string fd_path(FdRef fd) { return cat("/proc/self/fd/", std::to_string(fd.get())); }

}  // namespace estiba::sys
