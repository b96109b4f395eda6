#include "orchestrator/cli/copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/layer_tar.hpp"
#include "imgmgr/tar_stream.hpp"
#include "orchestrator/cli/output.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t block = size_t{128} << 10;

void check(int result, std::string_view call, const std::string& subject) {
  if (result < 0) throw Error(call, subject, Errno{errno});
}

/// Where something goes: a folder, and the name in it.
struct Spot {
  FdRef dir;
  std::string name;
};

class Copier {
 public:
  Copier(const FileTree& to, const CopyOptions& options)
      : to_host_(to.is_host()), options_(options) {}

  void copy_node(FdRef node, const Spot& target) {
    struct stat status = sys::fstat(node);
    if (S_ISLNK(status.st_mode)) {
      copy_link(node::link_text(node, target.name), target);
    } else if (S_ISDIR(status.st_mode)) {
      copy_folder(node::open_directory(node, target.name), target);
    } else if (S_ISREG(status.st_mode)) {
      copy_file(node::open_file(node, node::Use::read, target.name), target);
    } else {
      print_warning(cat(target.name, " is neither a file nor a folder; it was not copied"));
    }
  }

  void copy_contents(FdRef source, FdRef target) {
    for (const std::string& name : node::names_in(source, "a folder"))
      if (auto held = node::find(source, name)) copy_node(*held, {target, name});
  }

 private:
  void copy_file(FdRef source, const Spot& target) {
    if (auto made = node::make_file_if_free(target.dir, target.name, 0600))
      return fill(source, *made, target.name);
    UniqueFd there = node::hold(target.dir, target.name);
    // What is mounted can have no other file in its place; a file of this host stays the one it is.
    bool stays = node::is_mount_point(there) || (to_host_ && S_ISREG(sys::fstat(there).st_mode));
    if (stays) return write_into(source, there, target.name);
    refuse_to_replace(there, target.name);
    node::Replacement made(target.dir, target.name);
    fill(source, made.file(), target.name);
    made.take();
  }

  void fill(FdRef source, FdRef made, const std::string& name) {
    while (size_t got = sys::read(source, buffer_.data(), buffer_.size(), name))
      sys::write_all(made, std::string_view(buffer_).substr(0, got), name);
    keep_metadata(made, sys::fstat(source), name);
  }

  void write_into(FdRef source, FdRef held, const std::string& name) {
    UniqueFd file = node::open_file(held, node::Use::write, name);
    check(::ftruncate(file.get(), 0), "ftruncate", name);
    fill(source, file, name);
  }

  // A container may lose a device or FIFO of its own to a file; this host does not.
  void refuse_to_replace(FdRef node, const std::string& name) {
    mode_t type = sys::fstat(node).st_mode & S_IFMT;
    if (type == S_IFDIR) throw Error(cat(name, " is a folder in the target; remove it first"));
    if (to_host_ && type != S_IFREG && type != S_IFLNK)
      throw Error(cat(name, " is there and neither a file nor a link; choose another target"));
  }

  void copy_link(const std::string& text, const Spot& target) {
    if (auto there = node::find(target.dir, target.name)) {
      refuse_to_replace(*there, target.name);
      node::remove_name(target.dir, target.name);
    }
    node::make_link(target.dir, target.name, text);
  }

  void copy_folder(FdRef source, const Spot& target) {
    auto there = node::find(target.dir, target.name);
    UniqueFd dir = there ? node::open_directory(*there, target.name)
                         : node::make_directory(target.dir, target.name, 0700);
    copy_contents(source, dir);
    if (!there) keep_metadata(dir, sys::fstat(source), target.name);
  }

  void keep_metadata(FdRef to, const struct stat& status, const std::string& name) {
    bool kept = options_.owners == Owners::kept;
    if (kept) check(::fchown(to.get(), status.st_uid, status.st_gid), "fchown", name);
    // What a container lets run as root's must not do so on this host by a mere copy.
    mode_t bits = to_host_ && !kept ? 01777 : 07777;
    // After the owner: a change of owner clears the set-user-id bit.
    check(::fchmod(to.get(), status.st_mode & bits), "fchmod", name);
    if (kept) node::set_times(to, {status.st_atim, status.st_mtim}, name);
  }

  bool to_host_;
  CopyOptions options_;
  std::string buffer_ = std::string(block, '\0');
};

/// The folder of this path, open; nothing if there is none.
UniqueFd open_folder(const FileTree& tree, const std::string& path) {
  try {
    UniqueFd held = tree.hold(path, estiba::Links::follow);
    return S_ISDIR(sys::fstat(held).st_mode) ? node::open_directory(held, path) : UniqueFd{};
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return {};
    throw;
  }
}

/// "/a/.", "." and "/" mean what is in the folder.
bool means_contents(const std::string& path) {
  std::string name = fs::base_name(path);
  return path.ends_with("/.") || name == "." || name == ".." || name.empty() || path == "/";
}

/// What people have named, so that they are told in their words if it is not there.
UniqueFd hold_named(const FileTree& tree, const std::string& path, estiba::Links links) {
  try {
    return tree.hold(path, links);
  } catch (const Error& error) {
    if (error.code() != ENOENT) throw;
    throw Error(cat("there is no ", path, tree.is_host() ? "" : " in the container"));
  }
}

/// A folder and a name in it, which is no link (any more): what has the name, if anything.
struct Place {
  UniqueFd dir;
  std::string name;
  std::optional<UniqueFd> node;
};

Place place_at(const FileTree& tree, const std::string& path) {
  UniqueFd dir = hold_named(tree, fs::parent_path(path), estiba::Links::follow);
  std::string name = fs::base_name(path);
  auto held = node::find(dir, name == "/" ? "." : name);
  return {std::move(dir), std::move(name), std::move(held)};
}

/// Where the symbolic links at the end of a path lead.
Place behind_links(const FileTree& tree, std::string path) {
  constexpr int most_links = 40;  // as many as path_resolution(7) follows
  for (int links = 0; links < most_links; ++links) {
    Place place = place_at(tree, path);
    if (!place.node || !S_ISLNK(sys::fstat(*place.node).st_mode)) return place;
    path = fs::join(fs::parent_path(path), node::link_text(*place.node, path));
  }
  throw Error("opening", path, Errno{ELOOP});
}

}  // namespace

FileTree FileTree::of_host() { return FileTree(UniqueFd{}); }

UniqueFd FileTree::hold(const std::string& path, estiba::Links links) const {
  std::string shown = path.empty() ? "/" : path;
  if (root_) return hold_beneath(root_, shown, links);
  int flags = links == estiba::Links::follow ? O_PATH : O_PATH | O_NOFOLLOW;
  return sys::open(shown, flags);
}

void copy(const FileTree& from, const std::string& source, const FileTree& to,
          const std::string& target, const CopyOptions& options) {
  bool contents = means_contents(source);
  bool follow = contents || options.links == Links::followed;
  UniqueFd held =
      hold_named(from, source, follow ? estiba::Links::follow : estiba::Links::but_last);
  mode_t type = sys::fstat(held).st_mode & S_IFMT;
  if (type != S_IFDIR && type != S_IFREG && type != S_IFLNK)
    throw Error(cat(source, " is neither a file nor a folder"));
  Copier copier(to, options);
  if (UniqueFd folder = open_folder(to, target)) {
    if (contents && type == S_IFDIR)
      return copier.copy_contents(node::open_directory(held, source), folder);
    return copier.copy_node(held, {folder, fs::base_name(fs::clean_path(source))});
  }
  if (target.ends_with('/') && type != S_IFDIR)
    throw Error(cat("the target folder does not exist: ", target));
  // In a container a link is followed as a program there would follow it. On this host it is what
  // gives way: an earlier copy may have brought it.
  std::string clean = fs::clean_path(target);
  Place place = to.is_host() ? place_at(to, clean) : behind_links(to, clean);
  copier.copy_node(held, {place.dir, place.name});
}

void copy_to_tar(const FileTree& from, const std::string& source, Links links, FdRef tar) {
  bool contents = means_contents(source);
  Place place;
  if (contents) {
    place.name = ".";
    place.node = hold_named(from, source, estiba::Links::follow);
  } else {
    bool follow = links == Links::followed || source.ends_with('/');
    std::string path = follow ? fs::clean_path(source) : source;
    place = follow ? behind_links(from, path) : place_at(from, path);
    if (!place.node) throw Error(cat("there is no ", source, " in the container"));
  }
  img::write_tree_tar(*place.node, place.name, [tar](std::string_view bytes) {
    sys::write_all(tar, bytes, "standard output");
  });
}

void copy_from_tar(FdRef tar, const FileTree& to, const std::string& folder) {
  UniqueFd root = open_folder(to, folder);
  if (!root) throw Error(cat(folder, " is not a folder: a tar goes into one that is there"));
  img::TarStream stream(tar, "the tar on standard input");
  img::ExtractOptions options;
  options.whiteouts = img::WhiteoutNames::literal;
  img::extract_layer(stream, root, options);
  stream.finish();  // whoever writes it may pad its end, and must not meet a closed pipe
}

}  // namespace estiba::orchestrator
