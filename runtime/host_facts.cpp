#include "runtime/host_facts.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba::runtime {
namespace {

bool is_device(mode_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

DeviceOp device_op(const std::string& target, const struct stat& status) {
  return {target,
          status.st_mode & (S_IFMT | 07777),
          major(status.st_rdev),
          minor(status.st_rdev),
          status.st_uid,
          status.st_gid};
}

// The container's own devpts, shared memory and message queues take these places.
bool is_own_in_container(const std::string& path) {
  for (const char* own : {"/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/dev/ptmx",
                          "/dev/fd", "/dev/.udev"})
    if (path == own) return true;
  return false;
}

void collect(const std::string& source, const std::string& target, std::vector<DeviceOp>& found) {
  for (const auto& name : fs::list_dir(source)) {
    std::string path = cat(source, "/", name);
    auto status = sys::lstat(path);
    if (!status || is_own_in_container(path)) continue;
    if (S_ISDIR(status->st_mode)) collect(path, cat(target, "/", name), found);
    if (is_device(status->st_mode)) found.push_back(device_op(cat(target, "/", name), *status));
  }
}

}  // namespace

std::vector<DeviceOp> look_up_devices(const std::vector<DeviceNode>& nodes) {
  std::vector<DeviceOp> found;
  for (const auto& node : nodes) {
    std::string target = node.target.empty() ? node.source : node.target;
    auto status = sys::stat(node.source);
    if (!status) throw Error(cat("device ", node.source, " does not exist on this host"));
    if (S_ISDIR(status->st_mode)) {
      collect(node.source, target, found);
    } else if (is_device(status->st_mode)) {
      found.push_back(device_op(target, *status));
    } else {
      throw Error(cat(node.source, " is not a device node"));
    }
  }
  return found;
}

std::vector<DeviceOp> all_host_devices() {
  std::vector<DeviceOp> found;
  collect("/dev", "/dev", found);
  return found;
}

std::vector<std::string> device_rules_of(const std::vector<DeviceNode>& nodes) {
  std::vector<std::string> rules;
  for (const auto& node : nodes)
    for (const auto& device : look_up_devices({node}))
      rules.push_back(cat(S_ISBLK(device.mode) ? "b " : "c ", std::to_string(device.major), ":",
                          std::to_string(device.minor), " ",
                          node.permissions.empty() ? "rwm" : node.permissions));
  return rules;
}

std::vector<std::string> thermal_throttles() {
  constexpr const char* cpus = "/sys/devices/system/cpu";
  std::vector<std::string> found;
  for (const auto& name : fs::list_dir(cpus)) {
    if (!name.starts_with("cpu")) continue;
    std::string path = cat(cpus, "/", name, "/thermal_throttle");
    if (fs::exists(path)) found.push_back(path);
  }
  return found;
}

}  // namespace estiba::runtime
