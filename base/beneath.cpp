#include "base/beneath.hpp"

#include <fcntl.h>
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

// EAGAIN: a rename or mount raced with ".." resolution; openat2(2) says to try again.
UniqueFd hold_beneath(FdRef root, const std::string& path, Links links) {
  unsigned long resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (links == Links::refuse) resolve |= RESOLVE_NO_SYMLINKS;
  int flags = O_PATH | (links == Links::but_last ? O_NOFOLLOW : 0);
  for (int tries = 0;; ++tries) {
    try {
      return sys::openat2(root, path.empty() ? "." : path, flags, 0, resolve);
    } catch (const Error& error) {
      if (error.code() != EAGAIN || tries == max_retries) throw;
    }
  }
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
