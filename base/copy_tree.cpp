#include "base/copy_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba {
namespace {

constexpr mode_t permission_bits = 07777;

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

std::string fd_path(FdRef fd) { return cat("/proc/self/fd/", std::to_string(fd.get())); }

std::vector<std::string> names_in(FdRef dir, const std::string& subject) {
  UniqueFd own = sys::openat(dir, ".", O_RDONLY | O_DIRECTORY);
  std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(own.get()), ::closedir};
  if (!stream) throw Error{"fdopendir", subject, Errno{errno}};
  own.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

// Copies [start, end) through the page cache, for filesystems between which the kernel cannot.
void copy_by_hand(FdRef from, FdRef to, std::pair<off_t, off_t> range, const std::string& subject) {
  std::string buffer(size_t{256} << 10, '\0');
  off_t at = range.first;
  const off_t end = range.second;
  while (at < end) {
    size_t wanted = std::min(buffer.size(), static_cast<size_t>(end - at));
    ssize_t got = sys::eintr([&] { return ::pread(from.get(), buffer.data(), wanted, at); });
    if (got < 0) throw Error{"read", subject, Errno{errno}};
    if (got == 0) return;  // it became shorter meanwhile
    for (ssize_t done = 0; done < got;) {
      ssize_t put = sys::eintr([&] {
        return ::pwrite(to.get(), buffer.data() + done, static_cast<size_t>(got - done), at + done);
      });
      if (put < 0) throw Error{"write", subject, Errno{errno}};
      done += put;
    }
    at += got;
  }
}

void copy_range(FdRef from, FdRef to, std::pair<off_t, off_t> range, const std::string& subject) {
  off_t at = range.first;
  const off_t end = range.second;
  while (at < end) {
    off_t in = at, out = at;
    ssize_t done = sys::eintr([&] {
      return ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - at), 0);
    });
    if (done < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
      throw Error{"copy_file_range", subject, Errno{errno}};
    if (done <= 0) return copy_by_hand(from, to, {at, end}, subject);
    at += done;
  }
}

// Names of extended attributes; empty where the filesystem has none.
template <typename List>
std::vector<std::string> attribute_names(List list) {
  ssize_t size = list(nullptr, 0);
  if (size <= 0) return {};
  std::string buffer(static_cast<size_t>(size), '\0');
  size = list(buffer.data(), buffer.size());
  std::vector<std::string> out;
  for (size_t at = 0; size > 0 && at < static_cast<size_t>(size);) {
    std::string name = buffer.c_str() + at;
    at += name.size() + 1;
    if (!name.starts_with("trusted.overlay.") && !name.starts_with("user.overlay."))
      out.push_back(name);
  }
  return out;
}

void check_attribute(int result, const std::string& name, const std::string& subject) {
  // Labels are the machine's own; filesystems without attributes are no reason to fail.
  if (result == 0 || errno == ENOTSUP || errno == EPERM) return;
  throw Error{cat("setxattr ", name), subject, Errno{errno}};
}

// For what cannot be opened: symlinks and devices, by a path through their directories.
void copy_node_attributes(const std::string& from, const std::string& to) {
  auto names = attribute_names(
      [&](char* buffer, size_t size) { return ::llistxattr(from.c_str(), buffer, size); });
  for (const auto& name : names) {
    std::array<char, 65536> value{};
    ssize_t size = ::lgetxattr(from.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    check_attribute(
        ::lsetxattr(to.c_str(), name.c_str(), value.data(), static_cast<size_t>(size), 0), name,
        to);
  }
}

// chown first: it clears setuid bits and file capabilities; times last.
void copy_metadata(FdRef from, FdRef to, const std::string& subject) {
  struct stat status = sys::fstat(from);
  if (::fchown(to.get(), status.st_uid, status.st_gid) != 0)
    throw Error{"chown", subject, Errno{errno}};
  if (::fchmod(to.get(), status.st_mode & permission_bits) != 0)
    throw Error{"chmod", subject, Errno{errno}};
  copy_attributes(from, to, subject);
  std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  if (::futimens(to.get(), times.data()) != 0) throw Error{"futimens", subject, Errno{errno}};
}

class TreeCopier {
 public:
  explicit TreeCopier(FdRef to) : root_(to) {}

  void copy_directory(FdRef from, FdRef to, const std::string& path) {
    for (const auto& name : names_in(from, path)) copy_entry(from, to, {path, name});
    copy_metadata(from, to, path);
  }

 private:
  struct Entry {
    const std::string& directory;  ///< from the root of the copy; empty: the root
    const std::string& name;
    std::string path() const { return directory.empty() ? name : cat(directory, "/", name); }
  };

  void copy_entry(FdRef from, FdRef to, const Entry& entry) {
    struct stat status {};
    if (::fstatat(from.get(), entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      throw Error{"stat", entry.path(), Errno{errno}};
    if (is_whiteout(status)) return;
    if (S_ISDIR(status.st_mode)) {
      if (::mkdirat(to.get(), entry.name.c_str(), 0700) != 0)
        throw Error{"mkdir", entry.path(), Errno{errno}};
      copy_directory(sys::openat(from, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                     sys::openat(to, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                     entry.path());
      return;
    }
    if (status.st_nlink > 1 && link_to_earlier(to, entry, status)) return;
    if (S_ISREG(status.st_mode)) {
      copy_file(from, to, entry);
    } else {
      copy_node(from, to, entry, status);
    }
  }

  bool link_to_earlier(FdRef to, const Entry& entry, const struct stat& status) {
    auto [earlier, is_first] = linked_.try_emplace({status.st_dev, status.st_ino}, entry.path());
    if (is_first) return false;
    if (::linkat(root_.get(), earlier->second.c_str(), to.get(), entry.name.c_str(), 0) != 0)
      throw Error{"link", entry.path(), Errno{errno}};
    return true;
  }

  static void copy_file(FdRef from, FdRef to, const Entry& entry) {
    UniqueFd source = sys::openat(from, entry.name, O_RDONLY | O_NOFOLLOW);
    UniqueFd target = sys::openat(to, entry.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    copy_content(source, target, entry.path());
    copy_metadata(source, target, entry.path());
  }

  static void copy_node(FdRef from, FdRef to, const Entry& entry, const struct stat& status) {
    const char* name = entry.name.c_str();
    std::string source = cat(fd_path(from), "/", entry.name);
    std::string target = cat(fd_path(to), "/", entry.name);
    int result = S_ISLNK(status.st_mode)
                     ? ::symlinkat(sys::readlink(source).c_str(), to.get(), name)
                     : ::mknodat(to.get(), name, status.st_mode, status.st_rdev);
    if (result != 0) throw Error{"mknod", entry.path(), Errno{errno}};
    if (::fchownat(to.get(), name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
      throw Error{"chown", entry.path(), Errno{errno}};
    if (!S_ISLNK(status.st_mode) &&
        ::fchmodat(to.get(), name, status.st_mode & permission_bits, 0) != 0)
      throw Error{"chmod", entry.path(), Errno{errno}};
    copy_node_attributes(source, target);
    std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    if (::utimensat(to.get(), name, times.data(), AT_SYMLINK_NOFOLLOW) != 0)
      throw Error{"utimensat", entry.path(), Errno{errno}};
  }

  FdRef root_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
};

}  // namespace

void copy_tree(FdRef from, FdRef to) { TreeCopier(to).copy_directory(from, to, ""); }

void copy_content(FdRef from, FdRef to, const std::string& subject) {
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) return;
  off_t size = sys::fstat(from).st_size;
  off_t at = 0;
  while (at < size) {
    off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0) {
      if (errno == ENXIO) break;  // a hole to the end
      data = at;                  // the filesystem does not know holes
    }
    off_t hole = ::lseek(from.get(), data, SEEK_HOLE);
    if (hole < 0) hole = size;
    copy_range(from, to, {data, hole}, subject);
    at = hole;
  }
  if (::ftruncate(to.get(), size) != 0) throw Error{"ftruncate", subject, Errno{errno}};
}

void copy_attributes(FdRef from, FdRef to, const std::string& subject) {
  auto names = attribute_names(
      [&](char* buffer, size_t size) { return ::flistxattr(from.get(), buffer, size); });
  for (const auto& name : names) {
    std::array<char, 65536> value{};
    ssize_t size = ::fgetxattr(from.get(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    check_attribute(::fsetxattr(to.get(), name.c_str(), value.data(), static_cast<size_t>(size), 0),
                    name, subject);
  }
}

}  // namespace estiba
