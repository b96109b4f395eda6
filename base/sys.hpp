// Thin wrappers, one a man page: man-page name and argument order, no policy; the only place that
// reads errno. Every descriptor is close-on-exec. A failure throws Error{call, subject, errno}.
// Rooms with system calls of their own (netlink, mount, clone3) keep them in a sys file of the
// room.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace estiba::sys {

/// Calls f until it does not fail with EINTR.
template <typename F>
auto eintr(F f) {
  auto result = f();
  while (result < 0 && errno == EINTR) result = f();
  return result;
}

UniqueFd open(const std::string& path, int flags, mode_t mode = 0);
UniqueFd openat(FdRef dir, const std::string& path, int flags, mode_t mode = 0);
/// openat2(2); resolve is RESOLVE_* of linux/openat2.h.
UniqueFd openat2(FdRef dir, const std::string& path, int flags, mode_t mode, unsigned long resolve);
UniqueFd dup(FdRef fd);
void mkdir(const std::string& path, mode_t mode);
void rename(const std::string& from, const std::string& to);
void unlink(const std::string& path);
void rmdir(const std::string& path);
void symlink(const std::string& target, const std::string& path);
void fsync(FdRef fd, std::string_view subject);
/// Nothing if the path does not exist.
std::optional<struct stat> lstat(const std::string& path);
std::optional<struct stat> stat(const std::string& path);
struct stat fstat(FdRef fd);
/// fstatfs(2)'s f_type.
long filesystem_type(FdRef fd);
std::string readlink(const std::string& path);
/// Bytes read; 0 at the end.
size_t read(FdRef fd, void* buffer, size_t size, std::string_view subject);
void write_all(FdRef fd, std::string_view data, std::string_view subject);

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};
Pipe pipe2(int flags = 0);
struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};
SocketPair socketpair(int type);
UniqueFd memfd_create(const char* name, unsigned flags);
UniqueFd pidfd_open(pid_t pid);
/// False if the process is gone.
bool pidfd_send_signal(FdRef pidfd, int signal);
bool kill(pid_t pid, int signal);
UniqueFd eventfd();

}  // namespace estiba::sys
