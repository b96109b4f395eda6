// What a start has to look up on the host: device nodes and the paths of /sys that come in numbers.
#pragma once
#include <string>
#include <vector>

#include "runtime/container_spec.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime {

/// A source that is a directory stands for all devices beneath it. An Error if it is no device.
std::vector<DeviceOp> look_up_devices(const std::vector<DeviceNode>& nodes);
/// Every device node beneath the host's /dev, for privileged containers.
std::vector<DeviceOp> all_host_devices();
/// The device rules ("c 10:200 rwm") that let the nodes be used.
std::vector<std::string> device_rules_of(const std::vector<DeviceNode>& nodes);
std::vector<std::string> thermal_throttles();

}  // namespace estiba::runtime
