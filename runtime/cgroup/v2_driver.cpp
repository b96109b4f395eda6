// cgroup v2 alone: one directory holds limits, counts, freezer and device program.
#include "runtime/cgroup/v2_driver.hpp"

#include <linux/mount.h>
#include <sys/mount.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"

namespace estiba::runtime::cgroup {
namespace {

// Controllers are available in a directory only if each one above hands them down.
void hand_down_controllers(const std::string& root, const std::string& name) {
  make_parents(root, name);
  std::string directory = root;
  auto parts = text::split(name, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string available = fs::read_all(cat(directory, "/cgroup.controllers"));
    std::string enabled = fs::read_all(cat(directory, "/cgroup.subtree_control"));
    std::string change;
    for (const auto& controller : text::split(text::trim(available), ' ')) {
      static const std::vector<std::string> used{"cpu", "cpuset", "io", "memory", "pids"};
      bool wanted = std::find(used.begin(), used.end(), controller) != used.end();
      if (wanted &&
          cat(" ", text::trim(enabled), " ").find(cat(" ", controller, " ")) == std::string::npos)
        change += cat(change.empty() ? "+" : " +", controller);
    }
    if (!change.empty()) write_file(cat(directory, "/cgroup.subtree_control"), change);
    directory = cat(directory, "/", parts[i]);
  }
}

}  // namespace

CgroupSetup V2Driver::create(const std::string& name, const Resources& resources) {
  hand_down_controllers(root_, name);
  std::string directory = tree_.create(name, resources);
  apply_writes(directory, v2_writes(resources));
  return setup(name);
}

CgroupSetup V2Driver::setup(const std::string& name) const {
  CgroupSetup setup;
  setup.name = name;
  setup.into = tree_.directory(name);
  setup.oom_file = cat(setup.into, "/memory.events");
  setup.oom_baseline = read_key(setup.oom_file, "oom_kill");
  return setup;
}

std::vector<MountOp> V2Driver::mounts(const std::string& name, bool readonly) const {
  return {view_of(tree_.directory(name), "/sys/fs/cgroup", readonly)};
}

Stats V2Driver::stats(const std::string& name) const {
  std::string directory = tree_.directory(name);
  Stats stats;
  uint64_t used = read_number(cat(directory, "/memory.current"));
  uint64_t cache = read_key(cat(directory, "/memory.stat"), "inactive_file");
  stats.memory_bytes = used > cache ? used - cache : used;
  stats.memory_limit = read_number(cat(directory, "/memory.max"));
  stats.cpu_nanoseconds = read_key(cat(directory, "/cpu.stat"), "usage_usec") * 1000;
  stats.pids = read_number(cat(directory, "/pids.current"));
  return stats;
}

}  // namespace estiba::runtime::cgroup
