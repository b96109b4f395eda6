#include "base/fs.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/node.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"

namespace estiba::fs {
namespace {

// A directory that is no mount point: what is mounted, be it from the same filesystem, belongs to
// somebody else.
UniqueFd open_unmounted(FdRef dir, const std::string& name, const std::string& subject) {
  try {
    return sys::openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_NO_XDEV);
  } catch (const Error& error) {
    if (error.code() != EXDEV) throw;
    throw Error(cat("refusing to remove ", subject, ": something is mounted there"));
  }
}

// Removes what is in the directory, never crossing into a mount.
void empty_dir(FdRef dir, const std::string& subject) {
  for (const auto& name : node::names_in(dir, subject))
    remove_entry(dir, name, join(subject, name));
}

std::optional<UniqueFd> lock(const std::string& path, int operation) {
  UniqueFd fd = sys::open(path, O_RDWR | O_CREAT, 0600);
  if (sys::eintr([&] { return ::flock(fd.get(), operation); }) == 0) return fd;
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw Error{"flock", path, Errno{errno}};
}

int flock_operation(FileLock::Mode mode) {
  return mode == FileLock::Mode::shared ? LOCK_SH : LOCK_EX;
}

}  // namespace

std::string read_all(const std::string& path, size_t max_size) {
  return read_all(sys::open(path, O_RDONLY), path, max_size);
}

std::string read_all(FdRef fd, const std::string& path, size_t max_size) {
  if (S_ISDIR(sys::fstat(fd).st_mode)) throw Error{"read", path, Errno{EISDIR}};
  std::string content;
  size_t filled = 0;
  while (true) {
    content.resize(filled + std::max<size_t>(filled, 16384));
    size_t got = sys::read(fd, content.data() + filled, content.size() - filled, path);
    filled += got;
    if (filled > max_size)
      throw Error(cat(path, " is larger than ", std::to_string(max_size), " bytes"));
    if (got == 0) break;
  }
  content.resize(filled);
  return content;
}

std::optional<std::string> read_if_exists(const std::string& path, size_t max_size) {
  try {
    return read_all(path, max_size);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return std::nullopt;
    throw;
  }
}

void write_atomic(const std::string& path, std::string_view content, mode_t mode,
                  Durability durability) {
  static unsigned counter = 0;
  std::string temporary =
      cat(path, ".", std::to_string(::getpid()), ".",
          std::to_string(__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED)), ".tmp");
  ScopeExit discard([&] { ::unlink(temporary.c_str()); });
  UniqueFd fd = sys::open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
  sys::write_all(fd, content, path);
  if (durability == Durability::synced) sys::fsync(fd, path);
  sys::rename(temporary, path);
  discard.keep();
  if (durability == Durability::synced) {
    UniqueFd dir = sys::open(parent_path(path), O_RDONLY | O_DIRECTORY);
    sys::fsync(dir, path);
  }
}

void make_dirs(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return;
  if (errno == ENOENT) {
    make_dirs(parent_path(path), mode);
    if (::mkdir(path.c_str(), mode) == 0) return;
  }
  int code = errno;
  if (code == EEXIST) {
    auto status = sys::stat(path);
    if (status && S_ISDIR(status->st_mode)) return;
    if (!sys::lstat(path)) return make_dirs(path, mode);  // it has gone meanwhile
    code = ENOTDIR;
  }
  throw Error{"mkdir", path, Errno{code}};
}

// ext4 then looks for an empty part of the disk for each directory in this one, as it does for
// those in "/" (chattr(1), "T"). Beside files that were removed within the last minute it makes new
// ones slowly: it passes over each of their inodes, for every file again. Other filesystems refuse,
// and do not need it.
void make_spread_dir(const std::string& path) {
  make_dirs(path);
  UniqueFd dir = sys::open(path, O_RDONLY | O_DIRECTORY);
  int flags = 0;
  if (::ioctl(dir.get(), FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_TOPDIR_FL) != 0) return;
  flags |= FS_TOPDIR_FL;
  ::ioctl(dir.get(), FS_IOC_SETFLAGS, &flags);
}

std::vector<std::string> list_dir(const std::string& path) {
  if (!exists(path)) return {};
  return node::names_in(sys::open(path, O_RDONLY | O_DIRECTORY), path);
}

void remove_entry(FdRef dir, const std::string& name, const std::string& subject) {
  if (::unlinkat(dir.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) throw Error{"unlink", subject, Errno{errno}};
  empty_dir(open_unmounted(dir, name, subject), subject);
  if (::unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw Error{"rmdir", subject, Errno{errno}};
}

void remove_tree(const std::string& path) {
  if (!exists(path)) return;
  remove_entry(sys::open(parent_path(path), O_PATH | O_DIRECTORY), base_name(path), path);
}

bool exists(const std::string& path) { return sys::lstat(path).has_value(); }

std::string clean_path(std::string_view path) {
  bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  size_t start = 0;
  while (start <= path.size()) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string_view part = path.substr(start, end - start);
    start = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != ".." || (parts.empty() ? !absolute : parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out = absolute ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

bool leads_out(std::string_view path) {
  std::string clean = clean_path(path);
  return clean.starts_with('/') || clean == ".." || clean.starts_with("../");
}

std::string join(std::string_view base, std::string_view relative) {
  if (relative.starts_with('/') || base.empty()) return std::string(relative);
  return base.ends_with('/') ? cat(base, relative) : cat(base, "/", relative);
}

std::string parent_path(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || path == "/") return std::string(path);
  return std::string(path.substr(slash + 1));
}

FileLock FileLock::acquire(const std::string& path, Mode mode) {
  return FileLock{*lock(path, flock_operation(mode))};
}

std::optional<FileLock> FileLock::try_acquire(const std::string& path, Mode mode) {
  auto fd = lock(path, flock_operation(mode) | LOCK_NB);
  if (!fd) return std::nullopt;
  return FileLock{std::move(*fd)};
}

}  // namespace estiba::fs
