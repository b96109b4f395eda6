#include "base/overlay.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba {
namespace {

constexpr size_t page = 4096;  ///< of mount(2)'s options

bool try_set(FdRef context, const char* key, const std::string& value) {
  return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
}

// What the kernel has to say about a refused mount is in the context's log: "e overlay: ...".
std::string explanation(FdRef context) {
  std::string out(512, '\0');
  ssize_t size = ::read(context.get(), out.data(), out.size());
  out.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return out.empty() ? out : cat(" (", out.substr(out.size() > 2 ? 2 : 0), ")");
}

void set(FdRef context, const char* key, const std::string& value) {
  if (!try_set(context, key, value)) {
    int code = errno;
    throw Error{cat("fsconfig ", key, explanation(context)), value, Errno{code}};
  }
}

UniqueFd mount_context(FdRef context, unsigned attributes) {
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    int code = errno;
    throw Error{cat("mount overlay", explanation(context)), "", Errno{code}};
  }
  UniqueFd mount{::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes)};
  if (!mount) throw Error{"fsmount", "overlay", Errno{errno}};
  return mount;
}

// fsmount's descriptor is O_PATH; readers of directories need a real one.
UniqueFd readable(FdRef mount) { return node::open_directory(mount, "overlay"); }

UniqueFd open_context() {
  UniqueFd context{::fsopen("overlay", FSOPEN_CLOEXEC)};
  if (!context && errno == ENODEV)
    throw Error(
        "this kernel has no overlay file system, which the root of every container is made of: "
        "load "
        "it with `modprobe overlay`, or boot a kernel that has it (CONFIG_OVERLAY_FS)");
  if (!context) throw Error{"fsopen", "overlay", Errno{errno}};
  return context;
}

// Before Linux 6.7 only mount(2) takes as many layers as a page of options holds, and it wants a
// place: one that is gone again when this returns.
UniqueFd mount_by_options(const std::string& options, unsigned long flags) {
  std::string place = "/tmp/estiba-overlay-XXXXXX";
  if (!::mkdtemp(place.data())) throw Error{"mkdtemp", place, Errno{errno}};
  ScopeExit remove([&] { ::rmdir(place.c_str()); });
  if (::mount("overlay", place.c_str(), "overlay", flags, options.c_str()) != 0)
    throw Error{"mount overlay", options, Errno{errno}};
  ScopeExit unmount([&] { ::umount2(place.c_str(), MNT_DETACH); });
  UniqueFd mount{::open_tree(AT_FDCWD, place.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!mount) throw Error{"open_tree", place, Errno{errno}};
  return mount;
}

UniqueFd mount_view(const std::vector<std::string>& lower) {
  if (!overlay_appends_layers()) {
    std::vector<UniqueFd> open;
    return mount_by_options(overlay_lower_option(lower, open), MS_RDONLY | MS_NODEV | MS_NOSUID);
  }
  UniqueFd context = open_context();
  for (const std::string& layer : lower) set(context, "lowerdir+", layer);
  return mount_context(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
}

UniqueFd mount_writable(const OverlayDirs& dirs) {
  if (!overlay_appends_layers()) {
    std::vector<UniqueFd> open;
    std::string options = overlay_lower_option(dirs.lower, open);
    for (const auto& [key, path] : {std::pair{"upperdir", &dirs.upper}, {"workdir", &dirs.work}}) {
      open.push_back(sys::open(*path, O_PATH | O_DIRECTORY));
      options += cat(",", key, "=/proc/self/fd/", std::to_string(open.back().get()));
    }
    options += ",redirect_dir=off,metacopy=off,index=off";
    if (dirs.sync == OverlaySync::by_keeper) options += ",volatile";
    return mount_by_options(options, MS_NODEV | MS_NOSUID);
  }
  UniqueFd context = open_context();
  for (const std::string& layer : dirs.lower) set(context, "lowerdir+", layer);
  set(context, "upperdir", dirs.upper);
  set(context, "workdir", dirs.work);
  set(context, "redirect_dir", "off");
  set(context, "metacopy", "off");
  set(context, "index", "off");
  if (dirs.sync == OverlaySync::by_keeper &&
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "volatile", nullptr, 0) != 0)
    throw Error{"fsconfig volatile", dirs.upper, Errno{errno}};
  return mount_context(context, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
}

// One directory alone cannot be an overlay: a read-only clone of its mount does the same.
UniqueFd clone_readonly(const std::string& path) {
  UniqueFd mount{::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!mount) throw Error{"open_tree", path, Errno{errno}};
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    throw Error{"mount_setattr", path, Errno{errno}};
  return mount;
}

UniqueFd mount_any(const OverlayDirs& dirs) {
  if (!dirs.upper.empty()) return mount_writable(dirs);
  return dirs.lower.size() == 1 ? clone_readonly(dirs.lower.front()) : mount_view(dirs.lower);
}

void attach(FdRef mount, const std::string& target) {
  if (::move_mount(mount.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    throw Error{"move_mount", target, Errno{errno}};
}

}  // namespace

void require_overlay() { open_context(); }

bool overlay_appends_layers() {
  // Before Linux 6.5 overlay takes any key, and refuses it only when the mount is made.
  static const bool appends = [] {
    UniqueFd context = open_context();
    return !try_set(context, "estiba-no-such-key", "") && try_set(context, "lowerdir+", "/");
  }();
  return appends;
}

std::string overlay_lower_option(const std::vector<std::string>& lower,
                                 std::vector<UniqueFd>& open) {
  std::string option = "lowerdir=";
  for (const std::string& layer : lower) {
    open.push_back(sys::open(layer, O_PATH | O_DIRECTORY));
    if (option.back() != '=') option += ':';
    option += cat("/proc/self/fd/", std::to_string(open.back().get()));
  }
  constexpr size_t room_for_others = 128;
  if (option.size() + room_for_others > page)
    throw Error(cat("the image has ", std::to_string(lower.size()),
                    " layers, too many for this kernel's mount options; Linux 6.7 or newer can"));
  return option;
}

UniqueFd overlay_view(const std::vector<std::string>& lower) {
  if (lower.size() == 1) return sys::open(lower.front(), O_RDONLY | O_DIRECTORY);
  return readable(mount_view(lower));
}

UniqueFd overlay_mount(const OverlayDirs& dirs) { return readable(mount_writable(dirs)); }

AttachedOverlay::AttachedOverlay(const OverlayDirs& dirs, std::string target)
    : target_(std::move(target)) {
  attach(mount_any(dirs), target_);
}

AttachedOverlay::AttachedOverlay(AttachedOverlay&& other) noexcept
    : target_(std::exchange(other.target_, {})) {}

AttachedOverlay AttachedOverlay::part(const std::string& subpath, std::string target) const {
  UniqueFd root = sys::open(target_, O_PATH | O_DIRECTORY);
  UniqueFd held = hold_beneath(root, subpath, Links::refuse);
  UniqueFd mount{::open_tree(held.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)};
  if (!mount) throw Error{"open_tree", subpath, Errno{errno}};
  UniqueFd folder = sys::open(fs::parent_path(target), O_PATH | O_DIRECTORY);
  std::string name = fs::base_name(target);
  bool is_directory = S_ISDIR(sys::fstat(held).st_mode);
  UniqueFd place =
      is_directory ? node::make_directory(folder, name, 0700) : node::make_file(folder, name, 0600);
  attach(mount, target);
  return AttachedOverlay(std::move(target));
}

AttachedOverlay::~AttachedOverlay() {
  if (!target_.empty()) ::umount2(target_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

void detach_mounts_beneath(const std::string& path) {
  std::string table = fs::read_all("/proc/self/mountinfo");
  for (const auto& line : text::split(table, '\n')) {
    auto fields = text::split(line, ' ');
    // proc(5): the fifth field is the mount point.
    if (fields.size() < 5) continue;
    const std::string& point = fields[4];
    if (point == path || point.starts_with(cat(path, "/")))
      ::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

}  // namespace estiba
