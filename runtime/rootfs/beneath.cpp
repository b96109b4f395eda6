#include "runtime/rootfs/beneath.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <array>
#include <climits>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr int max_links = 40;
constexpr int max_retries = 32;

enum class Kind { directory, file };

// EAGAIN: a rename or mount raced with ".." resolution; openat2(2) says to try again.
UniqueFd resolve(FdRef root, const std::string& path, int flags, unsigned long how) {
  for (int tries = 0;; ++tries) {
    try {
      return sys::openat2(root, path, flags, 0, how | RESOLVE_NO_MAGICLINKS);
    } catch (const Error& error) {
      if (error.code() != EAGAIN || tries == max_retries) throw;
    }
  }
}

UniqueFd open_in_root(FdRef root, const std::string& path, Links links) {
  return open_beneath(root, path, O_PATH, links);
}

std::string link_target(FdRef dir, const std::string& name) {
  std::array<char, PATH_MAX> buffer{};
  ssize_t size = ::readlinkat(dir.get(), name.c_str(), buffer.data(), buffer.size());
  return size < 0 ? std::string{} : std::string(buffer.data(), static_cast<size_t>(size));
}

void create(FdRef parent, const std::string& name, Kind kind) {
  if (kind == Kind::directory) {
    sys::mkdirat(parent, name, 0755);
  } else {
    sys::openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0644);
  }
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
    std::string target = link_target(parent, name);
    if (!target.empty() && links == Links::follow)
      return make(root, fs::join(parent_name, target), links, kind, depth + 1);
  }
  return open_in_root(root, path, links);
}

}  // namespace

UniqueFd open_beneath(FdRef root, const std::string& path, int flags, Links links) {
  unsigned long refused = links == Links::refuse ? RESOLVE_NO_SYMLINKS : 0UL;
  return resolve(root, path, flags, RESOLVE_IN_ROOT | refused);
}

UniqueFd find_within(FdRef root, const std::string& path) {
  return resolve(root, path, O_PATH, RESOLVE_BENEATH);
}

std::optional<UniqueFd> find_beneath(FdRef root, const std::string& path, Links links) {
  try {
    return open_in_root(root, path, links);
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

}  // namespace estiba::runtime
