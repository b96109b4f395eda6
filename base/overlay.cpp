#include "base/overlay.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba {
namespace {

// fsconfig(2) takes values of at most 255 bytes.
constexpr size_t max_value = 255;

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

// "lowerdir+" appends one layer (Linux 6.7). Before it, all layers go into one value, by short
// names: descriptors.
void set_lower(FdRef context, const std::vector<std::string>& lower,
               std::vector<UniqueFd>& descriptors) {
  size_t set_one_by_one = 0;
  while (set_one_by_one < lower.size() && try_set(context, "lowerdir+", lower[set_one_by_one]))
    ++set_one_by_one;
  if (set_one_by_one == lower.size()) return;
  if (set_one_by_one > 0 || errno != EINVAL)
    throw Error{"fsconfig lowerdir+", lower[set_one_by_one], Errno{errno}};
  std::string joined;
  for (const auto& dir : lower) {
    descriptors.push_back(sys::open(dir, O_PATH | O_DIRECTORY));
    if (!joined.empty()) joined += ':';
    joined += cat("/proc/self/fd/", std::to_string(descriptors.back().get()));
  }
  if (joined.size() > max_value)
    throw Error(cat("this kernel cannot stack ", std::to_string(lower.size()),
                    " layers here; Linux 6.7 can"));
  set(context, "lowerdir", joined);
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
UniqueFd readable(FdRef mount) { return sys::openat(mount, ".", O_RDONLY | O_DIRECTORY); }

UniqueFd open_context() {
  UniqueFd context{::fsopen("overlay", FSOPEN_CLOEXEC)};
  if (!context) throw Error{"fsopen", "overlay", Errno{errno}};
  return context;
}

UniqueFd mount_view(const std::vector<std::string>& lower) {
  UniqueFd context = open_context();
  std::vector<UniqueFd> descriptors;
  set_lower(context, lower, descriptors);
  return mount_context(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
}

UniqueFd mount_writable(const OverlayDirs& dirs) {
  UniqueFd context = open_context();
  std::vector<UniqueFd> descriptors;
  set_lower(context, dirs.lower, descriptors);
  set(context, "upperdir", dirs.upper);
  set(context, "workdir", dirs.work);
  set(context, "redirect_dir", "off");
  set(context, "metacopy", "off");
  set(context, "index", "off");
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

}  // namespace

UniqueFd overlay_view(const std::vector<std::string>& lower) {
  if (lower.size() == 1) return sys::open(lower.front(), O_RDONLY | O_DIRECTORY);
  return readable(mount_view(lower));
}

UniqueFd overlay_mount(const OverlayDirs& dirs) { return readable(mount_writable(dirs)); }

AttachedOverlay::AttachedOverlay(const OverlayDirs& dirs, std::string target)
    : target_(std::move(target)) {
  UniqueFd mount = mount_any(dirs);
  if (::move_mount(mount.get(), "", AT_FDCWD, target_.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    throw Error{"move_mount", target_, Errno{errno}};
}

AttachedOverlay::AttachedOverlay(AttachedOverlay&& other) noexcept
    : target_(std::exchange(other.target_, {})) {}

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
