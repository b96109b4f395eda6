#include "volmgr/seed.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>

#include "base/copy_tree.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"

namespace estiba::vol {
namespace {

// Nothing: the image has no such directory.
std::optional<UniqueFd> open_source(FdRef root, const std::string& path) {
  try {
    return sys::openat2(root, path, O_RDONLY | O_DIRECTORY, 0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return std::nullopt;
    throw;
  }
}

}  // namespace

void seed_directory(const std::string& target, const std::vector<std::string>& layers,
                    const std::string& path) {
  if (layers.empty()) return;
  UniqueFd to = sys::open(target, O_RDONLY | O_DIRECTORY);
  // Two containers may start on the same new volume: the second waits and finds it filled.
  if (sys::eintr([&] { return ::flock(to.get(), LOCK_EX); }) != 0)
    throw Error{"flock", target, Errno{errno}};
  if (!fs::list_dir(target).empty()) return;
  UniqueFd root = overlay_view(layers);
  auto from = open_source(root, path.empty() ? "/" : path);
  if (!from) return;
  copy_tree(*from, to);
}

}  // namespace estiba::vol
