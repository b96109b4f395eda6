// What a service needs, read from all attributes that name another service or a resource.
// Internal to the room.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

/// depends_on, and as plain started dependencies the services that network_mode, ipc, pid, links
/// and volumes_from name.
std::map<std::string, spec::Dependency> dependencies_of(const spec::Service& service);

/// Services whose namespaces the service's containers join.
std::vector<std::string> namespace_parents(const spec::Service& service);
/// Services whose volumes it mounts through volumes_from.
std::vector<std::string> volume_parents(const spec::Service& service);
/// Both of these.
std::vector<std::string> joined_services(const spec::Service& service);

/// Keys of the networks it is attached to; the implicit default network included.
std::vector<std::string> networks_of(const spec::Service& service);
/// Keys of the named volumes it mounts.
std::vector<std::string> volumes_of(const spec::Service& service);

/// The name on the host of a network or volume key of the project.
std::string network_name(const spec::Project& project, const std::string& key);
std::string volume_name(const spec::Project& project, const std::string& key);

/// container_name, or PROJECT-SERVICE-NUMBER.
std::string container_name(const spec::Project& project, const spec::Service& service, int number);

std::string_view condition_name(spec::DependsOnCondition condition);

}  // namespace estiba::scheduler
