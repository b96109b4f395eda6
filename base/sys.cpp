#include "base/sys.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <array>
#include <climits>

#include "base/error.hpp"

namespace estiba::sys {
namespace {

int check(int result, std::string_view call, std::string_view subject) {
  if (result < 0) throw Error{call, subject, Errno{errno}};
  return result;
}

}  // namespace

UniqueFd open(const std::string& path, int flags, mode_t mode) {
  return UniqueFd{
      check(eintr([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }), "open", path)};
}

UniqueFd openat(FdRef dir, const std::string& path, int flags, mode_t mode) {
  return UniqueFd{
      check(eintr([&] { return ::openat(dir.get(), path.c_str(), flags | O_CLOEXEC, mode); }),
            "openat", path)};
}

UniqueFd openat2(FdRef dir, const std::string& path, int flags, mode_t mode,
                 unsigned long resolve) {
  open_how how{};
  how.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  long fd = eintr([&] { return syscall(SYS_openat2, dir.get(), path.c_str(), &how, sizeof how); });
  return UniqueFd{check(static_cast<int>(fd), "openat2", path)};
}

UniqueFd dup(FdRef fd) { return UniqueFd{check(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3), "dup", "")}; }

void mkdir(const std::string& path, mode_t mode) {
  check(::mkdir(path.c_str(), mode), "mkdir", path);
}

void rename(const std::string& from, const std::string& to) {
  check(::rename(from.c_str(), to.c_str()), "rename", from);
}

void unlink(const std::string& path) { check(::unlink(path.c_str()), "unlink", path); }

void rmdir(const std::string& path) { check(::rmdir(path.c_str()), "rmdir", path); }

void symlink(const std::string& target, const std::string& path) {
  check(::symlink(target.c_str(), path.c_str()), "symlink", path);
}

void fsync(FdRef fd, std::string_view subject) {
  check(eintr([&] { return ::fsync(fd.get()); }), "fsync", subject);
}

std::optional<struct stat> lstat(const std::string& path) {
  struct stat result {};
  if (::lstat(path.c_str(), &result) == 0) return result;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw Error{"lstat", path, Errno{errno}};
}

std::optional<struct stat> stat(const std::string& path) {
  struct stat result {};
  if (::stat(path.c_str(), &result) == 0) return result;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw Error{"stat", path, Errno{errno}};
}

struct stat fstat(FdRef fd) {
  struct stat result {};
  check(::fstat(fd.get(), &result), "fstat", "");
  return result;
}

long filesystem_type(FdRef fd) {
  struct statfs status {};
  check(::fstatfs(fd.get(), &status), "fstatfs", "");
  return status.f_type;
}

std::string readlink(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (size < 0) throw Error{"readlink", path, Errno{errno}};
  return {buffer.data(), static_cast<size_t>(size)};
}

size_t read(FdRef fd, void* buffer, size_t size, std::string_view subject) {
  ssize_t got = eintr([&] { return ::read(fd.get(), buffer, size); });
  if (got < 0) throw Error{"read", subject, Errno{errno}};
  return static_cast<size_t>(got);
}

void write_all(FdRef fd, std::string_view data, std::string_view subject) {
  while (!data.empty()) {
    ssize_t put = eintr([&] { return ::write(fd.get(), data.data(), data.size()); });
    if (put < 0) throw Error{"write", subject, Errno{errno}};
    data.remove_prefix(static_cast<size_t>(put));
  }
}

Pipe pipe2(int flags) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), flags | O_CLOEXEC), "pipe2", "");
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

SocketPair socketpair(int type) {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), "socketpair", "");
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

UniqueFd memfd_create(const char* name, unsigned flags) {
  return UniqueFd{check(::memfd_create(name, flags | MFD_CLOEXEC), "memfd_create", name)};
}

UniqueFd pidfd_open(pid_t pid) {
  return UniqueFd{check(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), "pidfd_open", "")};
}

bool pidfd_send_signal(FdRef pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw Error{"pidfd_send_signal", "", Errno{errno}};
}

bool kill(pid_t pid, int signal) {
  if (::kill(pid, signal) == 0) return true;
  if (errno == ESRCH) return false;
  throw Error{"kill", "", Errno{errno}};
}

UniqueFd eventfd() {
  return UniqueFd{check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd", "")};
}

}  // namespace estiba::sys
