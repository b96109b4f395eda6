#include "runtime/rootfs/overlay.hpp"

#include <fcntl.h>

#include "base/error.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

// fsconfig(2) takes strings of up to 255 bytes.
constexpr size_t max_value = 255;
constexpr size_t page = 4096;

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
}

std::string escaped(const std::string& path) {
  std::string out;
  for (char c : path) {
    if (c == '\\' || c == ':' || c == ',') out += '\\';
    out += c;
  }
  return out;
}

// Kernels before 6.8 have no "lowerdir+": all layers in one option string, which must fit a page.
UniqueFd mount_by_options(const RootSetup& root, const std::string& place) {
  std::string layers;
  for (const auto& layer : root.lower) layers += (layers.empty() ? "" : ":") + escaped(layer);
  std::string options = cat("lowerdir=", layers);
  if (!root.upper.empty())
    options += cat(",upperdir=", escaped(root.upper), ",workdir=", escaped(root.work),
                   root.self_contained ? ",redirect_dir=off,metacopy=off,index=off" : "");
  if (options.size() >= page)
    throw Error(cat("the image has ", std::to_string(root.lower.size()),
                    " layers, too many for this kernel's mount options; Linux 6.8 or newer can"));
  sys::mount("overlay", place, "overlay", 0, options.c_str());
  return sys::open(place, O_PATH | O_DIRECTORY);
}

}  // namespace

UniqueFd mount_overlay(const RootSetup& root, const std::string& place) {
  std::vector<UniqueFd> open;
  UniqueFd context = sys::fsopen("overlay");
  try {
    configure(context, root, open);
  } catch (const Error& error) {
    if (error.code() != EINVAL) throw;
    return mount_by_options(root, place);
  }
  with_context([&] { sys::fsconfig_create(context); }, "mounting the image's layers, upper ",
               root.upper);
  UniqueFd mount = sys::fsmount(context, 0, "overlay");
  sys::move_mount(mount, sys::open(place, O_PATH | O_DIRECTORY), place);
  return mount;
}

}  // namespace estiba::runtime
