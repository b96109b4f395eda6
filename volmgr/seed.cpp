#include "volmgr/seed.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include "base/beneath.hpp"
#include "base/copy_tree.hpp"
#include "base/error.hpp"
#include "base/node.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"

namespace estiba::vol {
namespace {

// Nothing: the image has no such directory.
std::optional<UniqueFd> open_source(FdRef root, const std::string& path) {
  try {
    auto held = find_beneath(root, path, Links::follow);
    if (!held || !S_ISDIR(sys::fstat(*held).st_mode)) return std::nullopt;
    return node::open_directory(*held, path);
  } catch (const Error& error) {
    if (error.code() == ENOTDIR) return std::nullopt;
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
  if (!node::names_in(to, target).empty()) return;
  UniqueFd root = overlay_view(layers);
  auto from = open_source(root, path.empty() ? "/" : path);
  if (!from) return;
  copy_tree(*from, to);
}

}  // namespace estiba::vol
