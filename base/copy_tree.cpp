#include "base/copy_tree.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <utility>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"

namespace estiba {
namespace {

constexpr mode_t permission_bits = 07777;

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == 0;
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

// Overlay's own belong to the layer that they are in.
bool is_overlays(std::string_view attribute) {
  return attribute.starts_with("trusted.overlay.") || attribute.starts_with("user.overlay.");
}

node::Times times_of(const struct stat& status) { return {status.st_atim, status.st_mtim}; }

class TreeCopier {
 public:
  explicit TreeCopier(FdRef to) : root_(to) {}

  void copy_directory(FdRef from, FdRef to, const std::string& path) {
    for (const auto& name : node::names_in(from, path)) copy_entry(from, to, {path, name});
    copy_metadata(from, to, path);
  }

 private:
  struct Entry {
    const std::string& directory;  ///< from the root of the copy; empty: the root
    const std::string& name;
    std::string path() const { return directory.empty() ? name : cat(directory, "/", name); }
  };
  /// A file that has more names than one: where the copy has it, and what it is there.
  struct Copied {
    std::string path;
    struct stat status;
  };

  void copy_entry(FdRef from, FdRef to, const Entry& entry) {
    UniqueFd source = node::hold(from, entry.name);
    struct stat status = sys::fstat(source);
    if (is_whiteout(status)) return;
    if (S_ISDIR(status.st_mode)) {
      copy_directory(node::open_directory(source, entry.path()),
                     node::make_directory(to, entry.name, 0700), entry.path());
      return;
    }
    if (status.st_nlink > 1 && link_to_earlier(to, entry, status)) return;
    UniqueFd made = S_ISREG(status.st_mode) ? copy_file(source, to, entry)
                                            : copy_node(source, status, to, entry);
    if (status.st_nlink > 1)
      linked_[{status.st_dev, status.st_ino}] = {entry.path(), sys::fstat(made)};
  }

  bool link_to_earlier(FdRef to, const Entry& entry, const struct stat& status) {
    auto earlier = linked_.find({status.st_dev, status.st_ino});
    if (earlier == linked_.end()) return false;
    auto held = still_there(earlier->second);
    if (held) node::add_name(*held, to, entry.name);
    return held.has_value();
  }

  // The name of the earlier copy may mean something else by now, or lie behind a link: then the
  // file is copied again.
  std::optional<UniqueFd> still_there(const Copied& earlier) {
    try {
      UniqueFd held = hold_beneath(root_, earlier.path, Links::refuse);
      if (node::same(sys::fstat(held), earlier.status)) return held;
    } catch (const Error& error) {
      if (error.code() != ENOENT && error.code() != ENOTDIR && error.code() != ELOOP) throw;
    }
    return std::nullopt;
  }

  static UniqueFd copy_file(FdRef source, FdRef to, const Entry& entry) {
    UniqueFd from = node::open_file(source, node::Use::read, entry.path());
    UniqueFd target = node::make_file(to, entry.name, 0600);
    copy_content(from, target, entry.path());
    copy_metadata(from, target, entry.path());
    return target;
  }

  static UniqueFd copy_node(FdRef source, const struct stat& status, FdRef to, const Entry& entry) {
    bool is_link = S_ISLNK(status.st_mode);
    UniqueFd made = is_link ? node::make_link(to, entry.name, node::link_text(source, entry.path()))
                            : node::make_special(to, entry.name, status);
    node::set_owner(made, status.st_uid, status.st_gid, entry.path());
    if (!is_link) node::set_mode(made, status.st_mode & permission_bits, entry.path());
    copy_attributes(source, made, entry.path());
    node::set_times(made, times_of(status), entry.path());
    return made;
  }

  // Of what is open already. The owner first: chown clears set-user-id bits and file capabilities;
  // times last.
  static void copy_metadata(FdRef from, FdRef to, const std::string& subject) {
    struct stat status = sys::fstat(from);
    node::set_owner(to, status.st_uid, status.st_gid, subject);
    node::set_mode(to, status.st_mode & permission_bits, subject);
    copy_attributes(from, to, subject);
    node::set_times(to, times_of(status), subject);
  }

  FdRef root_;
  std::map<std::pair<dev_t, ino_t>, Copied> linked_;
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
  for (const auto& name : node::attribute_names(from)) {
    if (is_overlays(name)) continue;
    auto value = node::attribute(from, name);
    if (!value) continue;
    int code = node::set_attribute(to, name, *value);
    // Labels are the machine's own; filesystems without attributes are no reason to fail.
    if (code != 0 && code != ENOTSUP && code != EPERM)
      throw Error{cat("setxattr ", name), subject, Errno{code}};
  }
}

}  // namespace estiba
