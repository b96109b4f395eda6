// The container that a command means by a service and --index, running or not.
#pragma once
#include <string>

#include "orchestrator/cli/container_info.hpp"
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// The one with the lowest number, or --index. An Error if there is none.
ContainerInfo one_container(const Invocation& invocation, const std::string& service);
/// The directory that holds what the container has changed.
std::string writable_layer(const Paths& paths, const ContainerInfo& container);

}  // namespace estiba::orchestrator
