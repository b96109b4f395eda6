// Pure: which sysctls a container gets. Only those of its own namespaces can be set.
#pragma once
#include <vector>

#include "runtime/container_spec.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime {

std::vector<SysctlOp> sysctl_plan(const ContainerSpec& spec);

}  // namespace estiba::runtime
