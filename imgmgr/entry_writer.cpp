#include "imgmgr/entry_writer.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/overlay_marks.hpp"

namespace estiba::img {
namespace {

constexpr unsigned long in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr mode_t permission_bits = 07777;

// For the few calls without an *at form; /proc/self/fd is followed once, by us.
std::string path_of(Place place) {
  return cat("/proc/self/fd/", std::to_string(place.parent.get()), "/", place.name);
}

// Labels and ACLs of another machine mean nothing here; what programs set themselves is kept.
bool is_kept_attribute(std::string_view name) {
  return name == "security.capability" || name.starts_with("user.") || name.starts_with("trusted.");
}

// Filesystems without attributes, and user.* on symlinks and devices, are no reason to fail.
void check_attribute(int result, const std::string& name, const std::string& subject) {
  if (result == 0 || errno == ENOTSUP || (errno == EPERM && name.starts_with("user."))) return;
  throw Error{cat("setxattr ", name), subject, Errno{errno}};
}

// The order matters: chown clears setuid bits and security.capability, and all of them change the
// times that come last.
void set_file_attributes(FdRef fd, const TarEntry& entry) {
  if (::fchown(fd.get(), entry.uid, entry.gid) != 0) throw Error{"chown", entry.path, Errno{errno}};
  if (::fchmod(fd.get(), entry.mode & permission_bits) != 0)
    throw Error{"chmod", entry.path, Errno{errno}};
  for (const auto& [name, value] : entry.xattrs) {
    if (!is_kept_attribute(name)) continue;
    check_attribute(::fsetxattr(fd.get(), name.c_str(), value.data(), value.size(), 0), name,
                    entry.path);
  }
}

std::array<timespec, 2> times_of(timespec mtime) { return {mtime, mtime}; }

void set_times(Place place, const TarEntry& entry) {
  auto times = times_of(entry.mtime);
  if (::utimensat(place.parent.get(), place.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    throw Error{"utimensat", entry.path, Errno{errno}};
}

void set_node_attributes(Place place, const TarEntry& entry) {
  if (::fchownat(place.parent.get(), place.name.c_str(), entry.uid, entry.gid,
                 AT_SYMLINK_NOFOLLOW) != 0)
    throw Error{"chown", entry.path, Errno{errno}};
  if (!S_ISLNK(entry.mode) &&
      ::fchmodat(place.parent.get(), place.name.c_str(), entry.mode & permission_bits, 0) != 0)
    throw Error{"chmod", entry.path, Errno{errno}};
  for (const auto& [name, value] : entry.xattrs) {
    if (!is_kept_attribute(name)) continue;
    std::string path = path_of(place);
    check_attribute(::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), name,
                    entry.path);
  }
  set_times(place, entry);
}

// Runs make; if something is in the way, removes that and runs it again.
template <typename F>
int replacing(Place place, F make) {
  int result = make();
  if (result >= 0 || errno != EEXIST) return result;
  clear_place(place);
  return make();
}

void write_content(TarStream& stream, FdRef fd, const TarEntry& entry) {
  uint64_t end = 0;
  while (auto block = stream.read_block()) {
    std::string_view data = block->data;
    end = block->offset + data.size();
    while (!data.empty()) {
      auto at = static_cast<off_t>(end - data.size());
      ssize_t put = sys::eintr([&] { return ::pwrite(fd.get(), data.data(), data.size(), at); });
      if (put < 0) throw Error{"write", entry.path, Errno{errno}};
      data.remove_prefix(static_cast<size_t>(put));
    }
  }
  if (end < entry.size && ::ftruncate(fd.get(), static_cast<off_t>(entry.size)) != 0)
    throw Error{"ftruncate", entry.path, Errno{errno}};
}

void write_file(TarStream& stream, Place place, const TarEntry& entry) {
  UniqueFd fd{replacing(place, [&] {
    return ::openat(place.parent.get(), place.name.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  })};
  if (!fd) throw Error{"open", entry.path, Errno{errno}};
  write_content(stream, fd, entry);
  set_file_attributes(fd, entry);
  auto times = times_of(entry.mtime);
  if (::futimens(fd.get(), times.data()) != 0) throw Error{"futimens", entry.path, Errno{errno}};
}

std::optional<struct stat> status_of(Place place) {
  struct stat status {};
  if (::fstatat(place.parent.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    return status;
  return std::nullopt;
}

}  // namespace

UniqueFd open_beneath(FdRef root, const std::string& path) {
  return sys::openat2(root, path.empty() ? "." : path, O_PATH | O_DIRECTORY, 0, in_root);
}

void write_entry(TarStream& stream, Place place, const TarEntry& entry) {
  if (S_ISREG(entry.mode)) {
    write_file(stream, place, entry);
    return;
  }
  int result = replacing(place, [&] {
    if (S_ISLNK(entry.mode))
      return ::symlinkat(entry.symlink.c_str(), place.parent.get(), place.name.c_str());
    return ::mknodat(place.parent.get(), place.name.c_str(), entry.mode & (S_IFMT | 0700),
                     entry.device);
  });
  if (result != 0) throw Error{S_ISLNK(entry.mode) ? "symlink" : "mknod", entry.path, Errno{errno}};
  set_node_attributes(place, entry);
}

void link_entry(Place from, Place to, const std::string& subject) {
  auto source = status_of(from), present = status_of(to);
  // An entry linked to itself, or listed twice, is there already.
  if (source && present && source->st_ino == present->st_ino && source->st_dev == present->st_dev)
    return;
  int result = replacing(to, [&] {
    return ::linkat(from.parent.get(), from.name.c_str(), to.parent.get(), to.name.c_str(), 0);
  });
  if (result != 0) throw Error{"link", subject, Errno{errno}};
}

void set_link_attributes(Place place, const TarEntry& entry) {
  auto status = status_of(place);
  if (!status || S_ISLNK(status->st_mode)) return;
  if (::fchownat(place.parent.get(), place.name.c_str(), entry.uid, entry.gid,
                 AT_SYMLINK_NOFOLLOW) != 0)
    throw Error{"chown", entry.path, Errno{errno}};
  if (::fchmodat(place.parent.get(), place.name.c_str(), entry.mode & permission_bits, 0) != 0)
    throw Error{"chmod", entry.path, Errno{errno}};
}

bool clear_place(Place place) {
  auto status = status_of(place);
  if (!status) return false;
  if (S_ISDIR(status->st_mode)) {
    fs::remove_tree(path_of(place));
    return false;
  }
  if (::unlinkat(place.parent.get(), place.name.c_str(), 0) != 0)
    throw Error{"unlink", place.name, Errno{errno}};
  return is_whiteout(*status);
}

LayerDirectories::LayerDirectories(FdRef root, const LowerLayers& lower)
    : root_(root), lower_(lower), open_(open_beneath(root, "")) {}

FdRef LayerDirectories::open(const std::string& path) {
  // A cached directory may have been replaced since: st_nlink of a removed one is 0.
  if (path == open_path_ && sys::fstat(open_).st_nlink > 0) return open_;
  try {
    open_ = open_beneath(root_, path);
  } catch (const Error& error) {
    if (error.code() != ENOENT && error.code() != ENOTDIR) throw;
    open_ = make_missing(path);
  }
  open_path_ = path;
  return open_;
}

// Archives may leave out the directories of what they hold.
UniqueFd LayerDirectories::make_missing(const std::string& path) {
  UniqueFd dir = open_beneath(root_, "");
  size_t start = 0;
  while (start <= path.size()) {
    size_t end = std::min(path.find('/', start), path.size());
    dir = open_or_make(dir, path.substr(start, end - start), path.substr(0, end));
    start = end + 1;
  }
  return dir;
}

UniqueFd LayerDirectories::open_or_make(FdRef parent, const std::string& name,
                                        const std::string& path) {
  auto status = status_of({parent, name});
  if (status && !is_whiteout(*status)) return open_beneath(root_, path);
  make(parent, name, path);
  UniqueFd dir = sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  inherit_attributes(dir, path);
  return dir;
}

void LayerDirectories::inherit_attributes(FdRef dir, const std::string& path) {
  for (const auto& layer : lower_.get()) {
    struct stat status {};
    try {
      UniqueFd root = sys::open(layer, O_PATH | O_DIRECTORY);
      status = sys::fstat(open_beneath(root, path));
    } catch (const Error&) {
      continue;  // this layer does not have it
    }
    if (::fchown(dir.get(), status.st_uid, status.st_gid) != 0 ||
        ::fchmod(dir.get(), status.st_mode & permission_bits) != 0)
      throw Error{"chmod", path, Errno{errno}};
    times_.emplace_back(path, status.st_mtim);
    return;
  }
}

void LayerDirectories::make(FdRef parent, const std::string& name, const std::string& path) {
  auto status = status_of({parent, name});
  if (status && S_ISDIR(status->st_mode)) return;
  bool was_whiteout = status && clear_place({parent, name});
  // chmod as well: the caller's umask is none of the archive's business.
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0 ||
      ::fchmodat(parent.get(), name.c_str(), 0755, 0) != 0)
    throw Error{"mkdir", path, Errno{errno}};
  // What the whiteout hid must not show through the new directory.
  if (was_whiteout) mark_opaque(sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

void LayerDirectories::set_attributes(const std::string& path, const TarEntry& entry) {
  UniqueFd dir = sys::openat2(root_, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                              0, in_root);
  set_file_attributes(dir, entry);
  times_.emplace_back(path, entry.mtime);
}

// Last, because every entry made in a directory changes its time.
void LayerDirectories::restore_times() {
  for (const auto& [path, mtime] : times_) {
    UniqueFd dir;
    try {
      dir = sys::openat2(root_, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                         in_root);
    } catch (const Error&) {
      continue;  // a later entry replaced it
    }
    auto times = times_of(mtime);
    if (::futimens(dir.get(), times.data()) != 0) throw Error{"futimens", path, Errno{errno}};
  }
  times_.clear();
}

}  // namespace estiba::img
