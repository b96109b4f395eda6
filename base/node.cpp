#include "base/node.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::node {
namespace {

constexpr size_t max_value = 65536;  ///< XATTR_SIZE_MAX

// What the descriptor refers to, under a name that only this process can change. It ends at the
// object, even at a link.
std::string path_of(FdRef node) { return cat("/proc/self/fd/", std::to_string(node.get())); }

// By the descriptor if it is open to be used, and by its path if it is O_PATH, which such calls
// take for none (EBADF).
template <typename ByFd, typename ByPath>
auto either(FdRef node, ByFd by_fd, ByPath by_path) {
  auto result = by_fd(node.get());
  if (result >= 0 || errno != EBADF) return result;
  return by_path(path_of(node).c_str());
}

void check(int result, std::string_view call, std::string_view subject) {
  if (result != 0) throw Error{call, subject, Errno{errno}};
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

UniqueFd hold(FdRef dir, const std::string& name) {
  return sys::openat(dir, name, O_PATH | O_NOFOLLOW);
}

std::optional<UniqueFd> find(FdRef dir, const std::string& name) {
  UniqueFd fd{::openat(dir.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw Error{"open", name, Errno{errno}};
}

bool same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool is_mount_point(FdRef node) {
  struct statx status {};
  return ::statx(node.get(), "", AT_EMPTY_PATH, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

UniqueFd open_file(FdRef node, Use use, std::string_view subject) {
  if (!S_ISREG(sys::fstat(node).st_mode)) throw Error(cat(subject, " is not a regular file"));
  int flags = use == Use::read ? O_RDONLY : O_WRONLY;
  // It is a regular file, whatever its name has become: O_NONBLOCK keeps a lease from being waited
  // for, and changes nothing else.
  UniqueFd fd{sys::eintr(
      [&] { return ::open(path_of(node).c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); })};
  if (!fd) throw Error{"open", subject, Errno{errno}};
  return fd;
}

UniqueFd open_directory(FdRef node, std::string_view subject) {
  UniqueFd fd{::openat(node.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) throw Error{"open", subject, Errno{errno}};
  return fd;
}

UniqueFd directory_in(FdRef dir, const std::string& name) {
  return sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::vector<std::string> names_in(FdRef dir, std::string_view subject) {
  // fdopendir(3) takes the descriptor over, so it gets one of its own.
  UniqueFd own = open_directory(dir, subject);
  std::unique_ptr<DIR, DirCloser> stream{::fdopendir(own.get())};
  if (!stream) throw Error{"fdopendir", subject, Errno{errno}};
  own.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string link_text(FdRef node, std::string_view subject) {
  std::array<char, PATH_MAX> buffer{};
  ssize_t size = ::readlinkat(node.get(), "", buffer.data(), buffer.size());
  if (size < 0) throw Error{"readlink", subject, Errno{errno}};
  return {buffer.data(), static_cast<size_t>(size)};
}

UniqueFd make_file(FdRef dir, const std::string& name, mode_t mode) {
  return sys::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

std::optional<UniqueFd> make_file_if_free(FdRef dir, const std::string& name, mode_t mode) {
  UniqueFd fd{::openat(dir.get(), name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
  if (fd) return fd;
  if (errno == EEXIST) return std::nullopt;
  throw Error{"open", name, Errno{errno}};
}

UniqueFd make_directory(FdRef dir, const std::string& name, mode_t mode) {
  check(::mkdirat(dir.get(), name.c_str(), mode), "mkdir", name);
  return directory_in(dir, name);
}

UniqueFd make_link(FdRef dir, const std::string& name, const std::string& text) {
  check(::symlinkat(text.c_str(), dir.get(), name.c_str()), "symlink", name);
  UniqueFd made = hold(dir, name);
  if (!S_ISLNK(sys::fstat(made).st_mode))
    throw Error(cat(name, " was replaced while it was being made"));
  return made;
}

UniqueFd make_special(FdRef dir, const std::string& name, const struct stat& like) {
  check(::mknodat(dir.get(), name.c_str(), like.st_mode & (S_IFMT | 0700), like.st_rdev), "mknod",
        name);
  UniqueFd made = hold(dir, name);
  struct stat status = sys::fstat(made);
  if ((status.st_mode & S_IFMT) != (like.st_mode & S_IFMT) || status.st_rdev != like.st_rdev ||
      status.st_nlink != 1)
    throw Error(cat(name, " was replaced while it was being made"));
  return made;
}

void add_name(FdRef node, FdRef dir, const std::string& name) {
  check(::linkat(AT_FDCWD, path_of(node).c_str(), dir.get(), name.c_str(), AT_SYMLINK_FOLLOW),
        "link", name);
}

void remove_name(FdRef dir, const std::string& name) {
  check(::unlinkat(dir.get(), name.c_str(), 0), "unlink", name);
}

void set_owner(FdRef node, uid_t uid, gid_t gid, std::string_view subject) {
  check(::fchownat(node.get(), "", uid, gid, AT_EMPTY_PATH), "chown", subject);
}

void set_mode(FdRef node, mode_t mode, std::string_view subject) {
  int result = either(
      node, [&](int fd) { return ::fchmod(fd, mode); },
      [&](const char* path) { return ::chmod(path, mode); });
  check(result, "chmod", subject);
}

void set_times(FdRef node, const Times& times, std::string_view subject) {
  std::array<timespec, 2> both{times.accessed, times.modified};
  check(::utimensat(node.get(), "", both.data(), AT_EMPTY_PATH), "utimensat", subject);
}

std::vector<std::string> attribute_names(FdRef node) {
  std::array<char, max_value> buffer;
  ssize_t size = either(
      node, [&](int fd) { return ::flistxattr(fd, buffer.data(), buffer.size()); },
      [&](const char* path) { return ::listxattr(path, buffer.data(), buffer.size()); });
  std::vector<std::string> out;
  for (ssize_t at = 0; at < size;) {
    out.emplace_back(buffer.data() + at);
    at += static_cast<ssize_t>(out.back().size()) + 1;
  }
  return out;
}

std::optional<std::string> attribute(FdRef node, const std::string& name) {
  std::array<char, max_value> buffer;
  const char* key = name.c_str();
  ssize_t size = either(
      node, [&](int fd) { return ::fgetxattr(fd, key, buffer.data(), buffer.size()); },
      [&](const char* path) { return ::getxattr(path, key, buffer.data(), buffer.size()); });
  if (size < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<size_t>(size));
}

int set_attribute(FdRef node, const std::string& name, std::string_view value) {
  const char* key = name.c_str();
  int result = either(
      node, [&](int fd) { return ::fsetxattr(fd, key, value.data(), value.size(), 0); },
      [&](const char* path) { return ::setxattr(path, key, value.data(), value.size(), 0); });
  return result == 0 ? 0 : errno;
}

Replacement::Replacement(FdRef dir, std::string name)
    : dir_(dir), name_(std::move(name)), temporary_(cat(".estiba-", text::random_hex(16))) {
  file_ = UniqueFd{::openat(dir.get(), temporary_.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file_) throw Error{"open", name_, Errno{errno}};
}

Replacement::~Replacement() {
  if (!temporary_.empty()) ::unlinkat(dir_.get(), temporary_.c_str(), 0);
}

void Replacement::take() {
  // What is renamed over another file ext4 writes to the disk at once, each by itself.
  if (::unlinkat(dir_.get(), name_.c_str(), 0) != 0 && errno != ENOENT)
    throw Error{"unlink", name_, Errno{errno}};
  check(::renameat(dir_.get(), temporary_.c_str(), dir_.get(), name_.c_str()), "rename", name_);
  temporary_.clear();
}

}  // namespace estiba::node
