#include "imgmgr/entry_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"
#include "imgmgr/overlay_marks.hpp"

namespace estiba::img {
namespace {

constexpr mode_t permission_bits = 07777;

// Labels and ACLs of another machine mean nothing here; what programs set themselves is kept.
bool is_kept_attribute(std::string_view name) {
  return name == "security.capability" || name.starts_with("user.") || name.starts_with("trusted.");
}

// Filesystems without attributes, and user.* on symlinks and devices, are no reason to fail.
void set_attributes(FdRef node, const TarEntry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    if (!is_kept_attribute(name)) continue;
    int code = node::set_attribute(node, name, value);
    if (code != 0 && code != ENOTSUP && !(code == EPERM && name.starts_with("user.")))
      throw Error{cat("setxattr ", name), entry.path, Errno{code}};
  }
}

// Of what is open already. The order matters: chown clears setuid bits and security.capability, and
// all of them change the times that come last.
void set_open_attributes(FdRef fd, const TarEntry& entry) {
  if (::fchown(fd.get(), entry.uid, entry.gid) != 0) throw Error{"chown", entry.path, Errno{errno}};
  if (::fchmod(fd.get(), entry.mode & permission_bits) != 0)
    throw Error{"chmod", entry.path, Errno{errno}};
  set_attributes(fd, entry);
}

void set_node_attributes(FdRef node, const TarEntry& entry) {
  node::set_owner(node, entry.uid, entry.gid, entry.path);
  if (!S_ISLNK(entry.mode)) node::set_mode(node, entry.mode & permission_bits, entry.path);
  set_attributes(node, entry);
  node::set_times(node, {entry.mtime, entry.mtime}, entry.path);
}

// Runs make; if something is in the way, removes that and runs it again.
template <typename F>
auto replacing(Place place, const TarEntry& entry, F make) {
  auto named = [&] { return with_context(make, entry.path); };
  try {
    return named();
  } catch (const Error& error) {
    if (error.code() != EEXIST) throw;
  }
  clear_place(place);
  return named();
}

// "/." at the end: a directory, or an error.
UniqueFd hold_directory(FdRef root, const std::string& path) {
  return hold_beneath(root, cat(path, "/."), Links::follow);
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
  UniqueFd fd =
      replacing(place, entry, [&] { return node::make_file(place.parent, place.name, 0600); });
  write_content(stream, fd, entry);
  set_open_attributes(fd, entry);
  node::set_times(fd, {entry.mtime, entry.mtime}, entry.path);
}

UniqueFd make_node(Place place, const TarEntry& entry) {
  if (S_ISLNK(entry.mode)) return node::make_link(place.parent, place.name, entry.symlink);
  struct stat like {};
  like.st_mode = entry.mode;
  like.st_rdev = entry.device;
  return node::make_special(place.parent, place.name, like);
}

}  // namespace

void write_entry(TarStream& stream, Place place, const TarEntry& entry) {
  if (S_ISREG(entry.mode)) {
    write_file(stream, place, entry);
    return;
  }
  UniqueFd made = replacing(place, entry, [&] { return make_node(place, entry); });
  set_node_attributes(made, entry);
}

void link_entry(FdRef source, Place to, const TarEntry& entry) {
  struct stat status = sys::fstat(source);
  auto present = node::find(to.parent, to.name);
  // An entry linked to itself, or listed twice, is there already.
  if (!present || !node::same(status, sys::fstat(*present)))
    replacing(to, entry, [&] { node::add_name(source, to.parent, to.name); });
  if (S_ISLNK(status.st_mode)) return;
  node::set_owner(source, entry.uid, entry.gid, entry.path);
  node::set_mode(source, entry.mode & permission_bits, entry.path);
}

bool clear_place(Place place) {
  auto held = node::find(place.parent, place.name);
  if (!held) return false;
  fs::remove_entry(place.parent, place.name, place.name);
  return is_whiteout(sys::fstat(*held));
}

LayerDirectories::LayerDirectories(FdRef root, const LowerLayers& lower)
    : root_(root), lower_(lower), open_(hold_directory(root, "")) {}

FdRef LayerDirectories::open(const std::string& path) {
  // A cached directory may have been replaced since: st_nlink of a removed one is 0.
  if (path == open_path_ && sys::fstat(open_).st_nlink > 0) return open_;
  try {
    open_ = hold_directory(root_, path);
  } catch (const Error& error) {
    if (error.code() != ENOENT && error.code() != ENOTDIR) throw;
    open_ = make_missing(path);
  }
  open_path_ = path;
  return open_;
}

// Archives may leave out the directories of what they hold.
UniqueFd LayerDirectories::make_missing(const std::string& path) {
  UniqueFd dir = hold_directory(root_, "");
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
  auto present = node::find(parent, name);
  if (present && !is_whiteout(sys::fstat(*present))) return hold_directory(root_, path);
  UniqueFd dir = make(parent, name, path);
  inherit_attributes(dir, path);
  return dir;
}

void LayerDirectories::inherit_attributes(FdRef dir, const std::string& path) {
  for (const auto& layer : lower_.get()) {
    struct stat status {};
    try {
      UniqueFd root = sys::open(layer, O_PATH | O_DIRECTORY);
      status = sys::fstat(hold_directory(root, path));
    } catch (const Error&) {
      continue;  // this layer does not have it
    }
    node::set_owner(dir, status.st_uid, status.st_gid, path);
    node::set_mode(dir, status.st_mode & permission_bits, path);
    remember_time(dir, path, status.st_mtim);
    return;
  }
}

UniqueFd LayerDirectories::make(FdRef parent, const std::string& name, const std::string& path) {
  auto present = node::find(parent, name);
  if (present && S_ISDIR(sys::fstat(*present).st_mode)) return node::open_directory(*present, path);
  bool was_whiteout = present && clear_place({parent, name});
  UniqueFd dir =
      with_context([&] { return node::make_directory(parent, name, 0755); }, "making ", path);
  // The caller's umask is none of the archive's business.
  if (::fchmod(dir.get(), 0755) != 0) throw Error{"chmod", path, Errno{errno}};
  // What the whiteout hid must not show through the new directory.
  if (was_whiteout) mark_opaque(dir);
  return dir;
}

void LayerDirectories::set_attributes(FdRef dir, const std::string& path, const TarEntry& entry) {
  set_open_attributes(dir, entry);
  remember_time(dir, path, entry.mtime);
}

void LayerDirectories::remember_time(FdRef dir, const std::string& path, timespec mtime) {
  struct stat status = sys::fstat(dir);
  times_.push_back({path, status.st_dev, status.st_ino, mtime});
}

// Last, because every entry made in a directory changes its time. By then a later entry, or
// whoever else writes there, may have put something else in its place.
void LayerDirectories::restore_times() {
  for (const auto& [path, device, inode, mtime] : times_) {
    UniqueFd dir;
    try {
      dir = hold_beneath(root_, path, Links::follow);
    } catch (const Error&) {
      continue;
    }
    struct stat status = sys::fstat(dir);
    if (status.st_dev == device && status.st_ino == inode)
      node::set_times(dir, {mtime, mtime}, path);
  }
  times_.clear();
}

}  // namespace estiba::img
