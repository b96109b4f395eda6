// System calls that only the runtime makes, one a man page, in man-page order and without policy
// (see base/sys.hpp). Constants newer than Debian 12's headers are defined here.
#pragma once
#include <linux/mount.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/sys.hpp"
#include "base/unique_fd.hpp"

namespace estiba::sys {

UniqueFd fsopen(const std::string& filesystem);
void fsconfig_string(FdRef context, const std::string& key, const std::string& value);
void fsconfig_flag(FdRef context, const std::string& key);
void fsconfig_create(FdRef context);
/// A detached mount of the configured filesystem; attributes are MOUNT_ATTR_*.
UniqueFd fsmount(FdRef context, uint64_t attributes, std::string_view subject);
/// A detached copy (flags hold OPEN_TREE_CLONE) of the mount at the path, or at fd with path "".
UniqueFd open_tree(FdRef dir, const std::string& path, unsigned flags);
/// Attaches a detached mount on what `target` refers to.
void move_mount(FdRef mount, FdRef target, std::string_view subject);
enum class Depth { one, recursive };
void mount_setattr(FdRef mount, const mount_attr& attributes, Depth depth,
                   std::string_view subject);
void mount(const char* source, const std::string& target, const char* type, unsigned long flags,
           const char* data);
/// pivot_root(".", "."): the old root ends stacked on the new one.
void pivot_root_here();
void umount2(const std::string& target, int flags);
void fchdir(FdRef fd);
void chdir(const std::string& path);
/// The raw system call: "(unreachable)/..." where the directory lies outside the root.
std::string getcwd();

void setns(FdRef target, int flags, std::string_view subject);
void unshare(int flags);
void sethostname(const std::string& name);
void setdomainname(const std::string& name);

void mkdirat(FdRef dir, const std::string& path, mode_t mode);
void mknodat(FdRef dir, const std::string& path, mode_t mode, dev_t device);
void symlinkat(const std::string& target, FdRef dir, const std::string& path);
void fchownat(FdRef dir, const std::string& path, uid_t uid, gid_t gid, int flags);
void fchown(FdRef fd, uid_t uid, gid_t gid);
void fchmod(FdRef fd, mode_t mode);
void dup2(FdRef from, int to);
void set_cloexec(FdRef fd, bool on);
void close_range(unsigned first, unsigned last);

int prctl(int option, unsigned long argument, std::string_view subject);

/// The opener of /proc/self/fd/N, to open again what a descriptor refers to.
std::string fd_path(FdRef fd);

}  // namespace estiba::sys
