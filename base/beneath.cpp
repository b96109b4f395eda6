#include "base/beneath.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"

namespace estiba {
namespace {

constexpr int max_links = 40;
constexpr int max_retries = 32;

enum class Kind { directory, file };

// EAGAIN: a rename or mount raced with ".." resolution; openat2(2) says to try again.
UniqueFd resolve(FdRef root, const std::string& path, int flags, unsigned long how) {
  for (int tries = 0;; ++tries) {
    try {
      return sys::openat2(root, path.empty() ? "." : path, flags, 0, how | RESOLVE_NO_MAGICLINKS);
    } catch (const Error& error) {
      if (error.code() != EAGAIN || tries == max_retries) throw;
    }
  }
}

void create(FdRef parent, const std::string& name, Kind kind) {
  if (kind == Kind::directory) {
    node::make_directory(parent, name, 0755);
  } else {
    node::make_file(parent, name, 0644);
  }
}

// Empty: there is no link of that name (any more).
std::string link_at(FdRef dir, const std::string& name) {
  auto held = node::find(dir, name);
  if (!held || !S_ISLNK(sys::fstat(*held).st_mode)) return "";
  return node::link_text(*held, name);
}

UniqueFd make(FdRef root, const std::string& path, Links links, Kind kind, int depth) {
  if (auto found = find_beneath(root, path, links)) return std::move(*found);
  if (depth == max_links) throw Error{"openat2", path, Errno{ELOOP}};
  std::string parent_name = fs::parent_path(path);
  std::string name = fs::base_name(path);
  UniqueFd parent = make(root, parent_name, links, Kind::directory, depth + 1);
  // Its links are no texts to be followed, and the process's own descriptors come and go in it.
  if (sys::filesystem_type(parent) == PROC_SUPER_MAGIC) throw Error{"openat2", path, Errno{ENOENT}};
  try {
    create(parent, name, kind);
  } catch (const Error& error) {
    if (error.code() != EEXIST) throw;
    // A dangling symlink: what it points at is made, seen from inside the root.
    std::string target = link_at(parent, name);
    if (!target.empty() && links == Links::follow)
      return make(root, fs::join(parent_name, target), links, kind, depth + 1);
  }
  return hold_beneath(root, path, links);
}

}  // namespace

UniqueFd open_beneath(FdRef root, const std::string& path, int flags, Links links) {
  unsigned long refused = links == Links::refuse ? RESOLVE_NO_SYMLINKS : 0UL;
  int last = links == Links::but_last ? O_NOFOLLOW : 0;
  return resolve(root, path, flags | last, RESOLVE_IN_ROOT | refused);
}

UniqueFd hold_beneath(FdRef root, const std::string& path, Links links) {
  return open_beneath(root, path, O_PATH, links);
}

UniqueFd hold_within(FdRef dir, const std::string& path) {
  return resolve(dir, path, O_PATH, RESOLVE_BENEATH);
}

std::optional<UniqueFd> find_beneath(FdRef root, const std::string& path, Links links) {
  try {
    return hold_beneath(root, path, links);
  } catch (const Error& error) {
    if (error.code() == ENOENT) return std::nullopt;
    throw;
  }
}

UniqueFd directory_beneath(FdRef root, const std::string& path, Links links) {
  return make(root, path, links, Kind::directory, 0);
}

UniqueFd file_beneath(FdRef root, const std::string& path, Links links) {
  return make(root, path, links, Kind::file, 0);
}

}  // namespace estiba
