// One snapshot of what exists, with no choices made: several resources per key are allowed.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

enum class ContainerState { created, running, restarting, paused, exited, dead };
enum class HealthState { none, starting, healthy, unhealthy };

/// One entry of the label com.docker.compose.depends_on, "db:service_healthy:true". The label does
/// not say whether the dependency is required.
struct ObservedDependency {
  std::string service;
  spec::DependsOnCondition condition = spec::DependsOnCondition::service_started;
  bool restart = false;
  bool operator==(const ObservedDependency&) const = default;
};

/// The label of a service's containers: its depends_on and what its namespaces, links and
/// volumes_from imply, "cache:service_started:false,db:service_healthy:true".
std::string depends_on_label(const spec::Service& service);
/// Reads such a label, also in the short form "db,cache"; what it does not know means started.
std::vector<ObservedDependency> parse_depends_on_label(std::string_view label);

struct ObservedContainer {
  std::string id, name, service;
  int number = 1;
  bool one_off = false;
  ContainerState state = ContainerState::created;
  HealthState health = HealthState::none;
  int exit_code = 0;
  std::string config_hash, image_id;
  /// Names (not keys) of the networks it is attached to, and of the named volumes it mounts.
  std::vector<std::string> networks, volumes;
  /// Containers whose namespaces it shares (network_mode: service:X ...), by id.
  std::vector<std::string> joined_containers;
  /// com.docker.compose.depends_on: for `down`, `stop` and `start` without a file.
  std::vector<ObservedDependency> depends_on;
  /// Fixed host ports it publishes, "8080/tcp": whoever takes one over starts after it stopped.
  std::vector<std::string> published;
};

struct ObservedNetwork {
  std::string key, name, config_hash;
};

struct ObservedVolume {
  std::string key, name, config_hash;
};

struct ObservedState {
  std::vector<ObservedContainer> containers;  ///< of this project only
  std::vector<ObservedNetwork> networks;      ///< of this project, and external ones that exist
  std::vector<ObservedVolume> volumes;        ///< likewise
};

}  // namespace estiba::scheduler
