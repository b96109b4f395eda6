#include "orchestrator/cli/stopped_container.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"

namespace estiba::orchestrator {
namespace {

void mount_at(const char* source, const std::string& target, unsigned long flags) {
  if (::mount(source, target.c_str(), nullptr, flags, nullptr) != 0)
    throw Error{"mount", target, Errno{errno}};
}

void leave_the_hosts_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) throw Error{"unshare", "mounts", Errno{errno}};
  mount_at("none", "/", MS_REC | MS_SLAVE);
}

AttachedOverlay mount_layers(const Paths& paths, const ContainerInfo& container, Access access) {
  auto image = img::Images(paths.root).find(container.image_id);
  if (!image) throw Error(cat("the image of container ", container.name, " is not there any more"));
  leave_the_hosts_mounts();
  std::string place = paths.container(container.id);
  OverlayDirs dirs{image->layer_dirs, cat(place, "/upper"), cat(place, "/work"),
                   OverlaySync::by_kernel};
  if (access == Access::read) {
    dirs.lower.insert(dirs.lower.begin(), std::exchange(dirs.upper, {}));
    dirs.work.clear();
  }
  return {dirs, place};
}

// Its own start has made the places; one that has never run has none yet.
void bind_beneath(FdRef root, const MountInfo& mount) {
  UniqueFd target;
  try {
    target = sys::openat2(root, mount.target, O_PATH, 0, RESOLVE_IN_ROOT);
  } catch (const Error& error) {
    if (error.code() == ENOENT) return;
    throw;
  }
  std::string path = cat("/proc/self/fd/", std::to_string(target.get()));
  mount_at(mount.source.c_str(), path, MS_BIND | MS_REC);
  if (!mount.read_only) return;
  // The same name leads to what lies on top of it only when it is looked up again.
  UniqueFd mounted = sys::openat2(root, mount.target, O_PATH, 0, RESOLVE_IN_ROOT);
  mount_at("none", cat("/proc/self/fd/", std::to_string(mounted.get())),
           MS_BIND | MS_REMOUNT | MS_RDONLY);
}

}  // namespace

StoppedContainer::StoppedContainer(const Paths& paths, const ContainerInfo& container,
                                   Access access)
    : root_(mount_layers(paths, container, access)) {
  UniqueFd root = sys::open(root_.path(), O_PATH | O_DIRECTORY);
  std::vector<MountInfo> mounts = container.mounts;
  // What lies within another mount comes after it.
  std::sort(mounts.begin(), mounts.end(),
            [](const auto& a, const auto& b) { return a.target < b.target; });
  for (const MountInfo& mount : mounts) {
    bool is_path = mount.type == "volume" || mount.type == "bind";
    if (is_path && fs::exists(mount.source)) bind_beneath(root, mount);
  }
}

FileTree StoppedContainer::files() const {
  return FileTree::of_root(sys::open(root_.path(), O_PATH | O_DIRECTORY));
}

}  // namespace estiba::orchestrator
