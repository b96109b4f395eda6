// driver_opts of the local driver: {type, o, device} name a filesystem that is the volume (nfs,
// cifs, tmpfs, a device, or a bind of a directory). Mounted on _data when first used, as mount(8)
// would with the same options.
#pragma once
#include <map>
#include <optional>
#include <string>

namespace estiba::vol {

struct DriverMount {
  std::string type, device, data;
  unsigned long flags = 0;
};

/// Nothing: a plain directory. An Error names the option that is wrong.
std::optional<DriverMount> parse_driver_mount(const std::map<std::string, std::string>& options);
/// Mounts unless it is mounted already.
void mount_driver(const DriverMount& mount, const std::string& target);
/// Unmounts if something is mounted there.
void unmount_driver(const std::string& target);

}  // namespace estiba::vol
