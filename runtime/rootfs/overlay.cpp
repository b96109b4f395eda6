#include "runtime/rootfs/overlay.hpp"

#include <fcntl.h>

#include "base/error.hpp"
#include "base/overlay.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

// fsconfig(2) takes strings of up to 255 bytes.
constexpr size_t max_value = 255;

// Long paths are named by a descriptor that `open` keeps until the mount exists.
std::string short_path(const std::string& path, std::vector<UniqueFd>& open) {
  if (path.size() <= max_value) return path;
  return sys::fd_path(open.emplace_back(sys::open(path, O_PATH | O_DIRECTORY)));
}

void configure(FdRef context, const RootSetup& root, std::vector<UniqueFd>& open) {
  sys::fsconfig_string(context, "source", "overlay");
  for (const auto& layer : root.lower)
    sys::fsconfig_string(context, "lowerdir+", short_path(layer, open));
  if (root.upper.empty()) return;
  sys::fsconfig_string(context, "upperdir", short_path(root.upper, open));
  sys::fsconfig_string(context, "workdir", short_path(root.work, open));
  if (!root.self_contained) return;
  for (const char* feature : {"redirect_dir", "metacopy", "index"})
    sys::fsconfig_string(context, feature, "off");
  // What is written becomes a layer, which is synced as a whole later: until then no fsync of the
  // command's, nor the end of the mount, waits for the disk.
  sys::fsconfig_flag(context, "volatile");
}

// Before Linux 6.7: all layers in one option string, by short names, for it must fit a page.
UniqueFd mount_by_options(const RootSetup& root, const std::string& place) {
  std::vector<UniqueFd> open;
  auto name = [&](const std::string& path) {
    return sys::fd_path(open.emplace_back(sys::open(path, O_PATH | O_DIRECTORY)));
  };
  std::string options = overlay_lower_option(root.lower, open);
  if (!root.upper.empty())
    options += cat(",upperdir=", name(root.upper), ",workdir=", name(root.work),
                   root.self_contained ? ",redirect_dir=off,metacopy=off,index=off,volatile" : "");
  with_context([&] { sys::mount("overlay", place, "overlay", 0, options.c_str()); },
               "mounting the image's layers, upper ", root.upper);
  return sys::open(place, O_PATH | O_DIRECTORY);
}

}  // namespace

UniqueFd mount_overlay(const RootSetup& root, const std::string& place) {
  if (!overlay_appends_layers()) return mount_by_options(root, place);
  std::vector<UniqueFd> open;
  UniqueFd context = sys::fsopen("overlay");
  configure(context, root, open);
  with_context([&] { sys::fsconfig_create(context); }, "mounting the image's layers, upper ",
               root.upper);
  UniqueFd mount = sys::fsmount(context, 0, "overlay");
  sys::move_mount(mount, sys::open(place, O_PATH | O_DIRECTORY), place);
  return mount;
}

}  // namespace estiba::runtime
