// What is mounted at /sys/fs/cgroup decides the driver, once.
#include <fcntl.h>
#include <linux/magic.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/cgroup/device_filter.hpp"
#include "runtime/cgroup/v1_driver.hpp"
#include "runtime/cgroup/v2_driver.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime::cgroup {
namespace {

constexpr const char* root = "/sys/fs/cgroup";

bool is_of_type(const std::string& path, long magic) {
  try {
    return sys::filesystem_type(sys::open(path, O_PATH | O_DIRECTORY)) == magic;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::unique_ptr<Driver> detect() {
  if (is_of_type(root, CGROUP2_SUPER_MAGIC)) return std::make_unique<V2Driver>(root);
  std::vector<std::string> controllers;
  for (const char* name :
       {"memory", "pids", "cpu", "cpuacct", "devices", "freezer", "cpuset", "blkio"})
    if (is_of_type(cat(root, "/", name), CGROUP_SUPER_MAGIC)) controllers.emplace_back(name);
  if (controllers.empty())
    throw Error("no cgroup hierarchy is mounted at /sys/fs/cgroup; containers need one");
  std::optional<UnifiedTree> unified;
  std::string tree = cat(root, "/unified");
  if (is_of_type(tree, CGROUP2_SUPER_MAGIC)) unified.emplace(tree);
  bool programs = unified && device_programs_available();
  return std::make_unique<V1Driver>(root, std::move(controllers), std::move(unified), programs);
}

}  // namespace estiba::runtime::cgroup
