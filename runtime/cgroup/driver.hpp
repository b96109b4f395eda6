// A container's cgroups: the same name beneath every hierarchy that is used. Which hierarchies
// there are (v2 alone, v1, or both side by side) is found once; what is written is computed purely
// by v1_writes and v2_writes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/container_spec.hpp"
#include "runtime/containers.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime::cgroup {

struct Write {
  std::string file, value;
  /// Not every kernel has the file.
  bool optional = false;
  bool operator==(const Write&) const = default;
};

/// memory.max, cpu.weight ... of the one v2 directory.
std::vector<Write> v2_writes(const Resources& resources);
/// Of one v1 controller ("memory", "cpu", "pids", "cpuset", "blkio", "devices").
std::vector<Write> v1_writes(const Resources& resources, const std::string& controller);
/// The rules every container has, then the specification's, as v1 writes them: "c 1:3 rwm".
std::vector<std::string> device_rules(const Resources& resources);

class Driver {
 public:
  virtual ~Driver() = default;
  /// Makes the directories, writes the limits; what exists is used again.
  virtual CgroupSetup create(const std::string& name, const Resources& resources) = 0;
  /// For an exec: what create() returned.
  virtual CgroupSetup setup(const std::string& name) const = 0;
  /// What a container sees at /sys/fs/cgroup.
  virtual std::vector<MountOp> mounts(const std::string& name, bool readonly) const = 0;
  virtual void kill_all(const std::string& name) = 0;
  enum class State { frozen, thawed };
  virtual void set_frozen(const std::string& name, State state) = 0;
  virtual State state(const std::string& name) const = 0;
  virtual Stats stats(const std::string& name) const = 0;
  virtual void remove(const std::string& name) = 0;
  /// The common parents too, where they are empty.
  virtual void release() = 0;
};

/// For what is mounted at /sys/fs/cgroup.
std::unique_ptr<Driver> detect();

/// A cgroup directory as a container sees it.
MountOp view_of(std::string directory, std::string target, bool readonly);

/// The directory that all containers without a cgroup_parent of their own lie in.
inline constexpr const char* common_parent = "estiba";
/// "estiba/ID", or "PARENT/ID"; an Error if the parent leads out.
std::string cgroup_name(const std::string& parent, const std::string& id);

}  // namespace estiba::runtime::cgroup
