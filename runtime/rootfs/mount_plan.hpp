// Pure: what is mounted where in a container, in order, from its specification and from what the
// host has. rootfs/mount_apply does it, without a decision of its own.
#pragma once
#include <string>
#include <vector>

#include "runtime/container_spec.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime {

/// What the plan needs to know of the host.
struct HostFacts {
  std::vector<MountOp> cgroup_mounts;
  /// Existing /sys/devices/system/cpu/cpuN/thermal_throttle directories.
  std::vector<std::string> thermal_throttles;
  /// The specification's device nodes, looked up on the host; all of the host's when privileged.
  std::vector<DeviceOp> devices;
};

/// An Error for a target beneath /proc, a sysctl that is not the container's own, or a bad option.
std::vector<MountOp> mount_plan(const ContainerSpec& spec, const HostFacts& host);

/// One line an operation, for tests and logs.
std::string to_text(const std::vector<MountOp>& plan);

}  // namespace estiba::runtime
