// Pure: a specification and what was found out become the request that the keeper carries out.
#pragma once
#include "runtime/containers.hpp"
#include "runtime/launch/request.hpp"
#include "runtime/rootfs/mount_plan.hpp"

namespace estiba::runtime {

LaunchRequest launch_request(const ContainerSpec& spec, const HostFacts& host, CgroupSetup cgroup,
                             std::string seccomp);
/// Adds what every process has: default limits, PATH, TERM. An Error for an unknown limit.
ProcessSetup process_setup(const Process& process, std::string seccomp);

}  // namespace estiba::runtime
