#include "orchestrator/cli/stopped_container.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/beneath.hpp"
#include "base/error.hpp"
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

// What is mounted, as a mount of its own that is nowhere yet; nothing if there is no such thing. A
// volume's subpath may be written by whoever shares the volume: it is resolved beneath the volume,
// and no link in it counts.
std::optional<UniqueFd> source_of(const MountInfo& mount) {
  UniqueFd held;
  try {
    held = sys::open(mount.source, O_PATH);
    if (!mount.subpath.empty()) held = hold_beneath(held, mount.subpath, estiba::Links::refuse);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return std::nullopt;
    throw error.within(cat("mounting ", mount.target));
  }
  constexpr unsigned clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  UniqueFd tree{::open_tree(held.get(), "", clone)};
  if (!tree) throw Error{"open_tree", mount.source, Errno{errno}};
  if (!mount.read_only) return tree;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    throw Error{"mount_setattr", mount.source, Errno{errno}};
  return tree;
}

// Its own start has made the places; one that has never run has none yet.
void bind_beneath(FdRef root, const MountInfo& mount) {
  auto target = find_beneath(root, mount.target, estiba::Links::follow);
  if (!target) return;
  auto source = source_of(mount);
  if (!source) return;
  constexpr unsigned both = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(source->get(), "", target->get(), "", both) != 0)
    throw Error{"move_mount", mount.target, Errno{errno}};
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
    if (is_path) bind_beneath(root, mount);
  }
}

FileTree StoppedContainer::files() const {
  return FileTree::of_root(sys::open(root_.path(), O_PATH | O_DIRECTORY));
}

}  // namespace estiba::orchestrator
