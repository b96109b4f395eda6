#include "volmgr/driver_mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::vol {
namespace {

const std::map<std::string, unsigned long>& flag_options() {
  static const std::map<std::string, unsigned long> flags = {
      {"bind", MS_BIND},       {"rbind", MS_BIND | MS_REC}, {"ro", MS_RDONLY},
      {"nosuid", MS_NOSUID},   {"nodev", MS_NODEV},         {"noexec", MS_NOEXEC},
      {"noatime", MS_NOATIME}, {"sync", MS_SYNCHRONOUS},    {"relatime", MS_RELATIME},
  };
  return flags;
}

void take_option(const std::string& option, DriverMount& mount) {
  if (option.empty() || option == "rw" || option == "defaults") return;
  auto flag = flag_options().find(option);
  if (flag != flag_options().end()) {
    mount.flags |= flag->second;
    return;
  }
  mount.data += cat(mount.data.empty() ? "" : ",", option);
}

// A bind may come from the filesystem that it is mounted on: devices would not tell.
bool is_mounted(const std::string& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

std::optional<DriverMount> parse_driver_mount(const std::map<std::string, std::string>& options) {
  DriverMount mount;
  for (const auto& [name, value] : options) {
    if (name == "type") {
      mount.type = value;
    } else if (name == "device") {
      mount.device = value;
    } else if (name == "o") {
      for (const auto& option : text::split(value, ',')) take_option(option, mount);
    } else {
      throw Error(
          cat("the local driver has no option \"", name, "\"; it knows type, o and device"));
    }
  }
  if (options.empty()) return std::nullopt;
  if (mount.device.empty() && mount.type != "tmpfs")
    throw Error("driver_opts of the local driver need a device");
  return mount;
}

void mount_driver(const DriverMount& mount, const std::string& target) {
  if (is_mounted(target)) return;
  bool bind = (mount.flags & MS_BIND) != 0;
  const char* type = bind || mount.type.empty() ? nullptr : mount.type.c_str();
  std::string device = mount.device.empty() ? mount.type : mount.device;
  if (::mount(device.c_str(), target.c_str(), type, mount.flags, mount.data.c_str()) != 0)
    throw Error{cat("mount ", device, " on"), target, Errno{errno}};
  // A bind takes its flags only when mounted again.
  if (bind && (mount.flags & MS_RDONLY) != 0 &&
      ::mount(nullptr, target.c_str(), nullptr, mount.flags | MS_REMOUNT, nullptr) != 0)
    throw Error{"mount (read-only)", target, Errno{errno}};
}

void unmount_driver(const std::string& target) {
  // More than one, where an earlier release has mounted a bind at each use.
  while (is_mounted(target))
    if (::umount2(target.c_str(), UMOUNT_NOFOLLOW) != 0)
      throw Error{"umount", target, Errno{errno}};
}

}  // namespace estiba::vol
