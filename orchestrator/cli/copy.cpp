#include "orchestrator/cli/copy.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
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

struct stat status_at(FdRef dir, const std::string& name) {
  struct stat status {};
  check(::fstatat(dir.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "fstatat", name);
  return status;
}

std::vector<std::string> names_in(FdRef dir, const std::string& path) {
  // fdopendir(3) takes the descriptor over, so it gets one of its own.
  UniqueFd own = sys::openat(dir, ".", O_RDONLY | O_DIRECTORY);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) throw Error("fdopendir", path, Errno{errno});
  own.release();
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

std::string link_target(FdRef dir, const std::string& name) {
  std::string target(4096, '\0');
  ssize_t size = ::readlinkat(dir.get(), name.c_str(), target.data(), target.size());
  check(static_cast<int>(size), "readlinkat", name);
  target.resize(static_cast<size_t>(size));
  return target;
}

void copy_bytes(FdRef from, FdRef to, const std::string& name) {
  std::string bytes(block, '\0');
  while (size_t got = sys::read(from, bytes.data(), bytes.size(), name))
    sys::write_all(to, std::string_view(bytes).substr(0, got), name);
}

void keep_metadata(FdRef to, const struct stat& status, const CopyOptions& options,
                   const std::string& name) {
  if (options.owners == Owners::kept)
    check(::fchown(to.get(), status.st_uid, status.st_gid), "fchown", name);
  // After the owner: a change of owner clears the set-user-id bit.
  check(::fchmod(to.get(), status.st_mode & 07777), "fchmod", name);
  timespec times[] = {status.st_atim, status.st_mtim};
  if (options.owners == Owners::kept) check(::futimens(to.get(), times), "futimens", name);
}

/// Where something goes: a folder, and the name in it.
struct Spot {
  FdRef dir;
  std::string name;
};

void copy_file(FdRef source, const Spot& target, const CopyOptions& options) {
  UniqueFd made =
      sys::openat(target.dir, target.name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  copy_bytes(source, made, target.name);
  keep_metadata(made, sys::fstat(source), options, target.name);
}

void copy_link(const std::string& text, const Spot& target) {
  if (::symlinkat(text.c_str(), target.dir.get(), target.name.c_str()) == 0) return;
  if (errno != EEXIST) throw Error("symlinkat", target.name, Errno{errno});
  check(::unlinkat(target.dir.get(), target.name.c_str(), 0), "unlinkat", target.name);
  check(::symlinkat(text.c_str(), target.dir.get(), target.name.c_str()), "symlinkat", target.name);
}

void copy_contents(FdRef source, FdRef target, const CopyOptions& options);

void copy_folder(FdRef source, const Spot& target, const CopyOptions& options) {
  int made = ::mkdirat(target.dir.get(), target.name.c_str(), 0700);
  if (made < 0 && errno != EEXIST) throw Error("mkdirat", target.name, Errno{errno});
  UniqueFd dir = sys::openat(target.dir, target.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  copy_contents(source, dir, options);
  if (made == 0) keep_metadata(dir, sys::fstat(source), options, target.name);
}

void copy_entry(FdRef dir, const Spot& target, const CopyOptions& options) {
  const std::string& name = target.name;
  struct stat status = status_at(dir, name);
  if (S_ISLNK(status.st_mode)) return copy_link(link_target(dir, name), target);
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
    return print_warning(cat(name, " is neither a file nor a folder; it was not copied"));
  // The container may have replaced it meanwhile: not by a link, and never blocking on a FIFO.
  UniqueFd source = sys::openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (S_ISDIR(sys::fstat(source).st_mode)) return copy_folder(source, target, options);
  copy_file(source, target, options);
}

void copy_contents(FdRef source, FdRef target, const CopyOptions& options) {
  for (const std::string& name : names_in(source, "a folder"))
    copy_entry(source, {target, name}, options);
}

/// Nothing if there is no folder of this path.
UniqueFd open_folder(const FileTree& tree, const std::string& path) {
  try {
    return tree.open(path, O_RDONLY | O_DIRECTORY);
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
UniqueFd open_named(const FileTree& tree, const std::string& path, int flags) {
  try {
    return tree.open(path, flags);
  } catch (const Error& error) {
    if (error.code() != ENOENT) throw;
    throw Error(cat("there is no ", path, tree.is_host() ? "" : " in the container"));
  }
}

/// Where the symbolic links at the end of a path lead.
std::string behind_links(const FileTree& tree, std::string path) {
  constexpr int most_links = 40;  // as many as path_resolution(7) follows
  for (int links = 0; links < most_links; ++links) {
    UniqueFd probe = open_named(tree, path, O_PATH | O_NOFOLLOW);
    if (!S_ISLNK(sys::fstat(probe).st_mode)) return path;
    std::string text = link_target(probe, "");
    path = text.starts_with('/') ? text : cat(fs::parent_path(path), "/", text);
  }
  throw Error("opening", path, Errno{ELOOP});
}

}  // namespace

FileTree FileTree::of_host() { return FileTree(UniqueFd{}); }

UniqueFd FileTree::open(const std::string& path, int flags, mode_t mode) const {
  std::string shown = path.empty() ? "/" : path;
  if (!root_) return sys::openat(FdRef::cwd(), shown, flags, mode);
  return sys::openat2(root_, shown, flags, mode, RESOLVE_IN_ROOT);
}

void copy(const FileTree& from, const std::string& source, const FileTree& to,
          const std::string& target, const CopyOptions& options) {
  bool contents = means_contents(source);
  bool follow = contents || options.links == Links::followed;
  UniqueFd probe = open_named(from, source, O_PATH | (follow ? 0 : O_NOFOLLOW));
  struct stat status = sys::fstat(probe);
  std::string name = fs::base_name(fs::clean_path(source));
  UniqueFd folder = open_folder(to, target);
  if (!folder && target.ends_with('/') && !S_ISDIR(status.st_mode))
    throw Error(cat("the target folder does not exist: ", target));
  std::string clean = fs::clean_path(target);
  UniqueFd parent =
      folder ? UniqueFd{} : open_named(to, fs::parent_path(clean), O_RDONLY | O_DIRECTORY);
  Spot spot{folder ? folder : parent, folder ? name : fs::base_name(clean)};
  if (S_ISLNK(status.st_mode)) return copy_link(link_target(probe, ""), spot);
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
    throw Error(cat(source, " is neither a file nor a folder"));
  UniqueFd opened = from.open(source, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  if (!S_ISDIR(status.st_mode)) return copy_file(opened, spot, options);
  if (folder && contents) return copy_contents(opened, folder, options);
  copy_folder(opened, spot, options);
}

void copy_to_tar(const FileTree& from, const std::string& source, Links links, FdRef tar) {
  bool contents = means_contents(source);
  std::string path = source;
  if (!contents && (links == Links::followed || source.ends_with('/')))
    path = behind_links(from, fs::clean_path(source));
  open_named(from, path, O_PATH | O_NOFOLLOW);
  UniqueFd dir = from.open(contents ? path : fs::parent_path(path), O_RDONLY | O_DIRECTORY);
  std::string name = contents ? "." : fs::base_name(path);
  img::write_tree_tar(
      dir, name, [tar](std::string_view bytes) { sys::write_all(tar, bytes, "standard output"); });
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
