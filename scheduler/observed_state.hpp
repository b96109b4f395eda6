// One snapshot of what exists, with no choices made: several resources per key are allowed.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace estiba::scheduler {

enum class ContainerState { created, running, restarting, paused, exited, dead };
enum class HealthState { none, starting, healthy, unhealthy };

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
  /// com.docker.compose.depends_on: for `down` and `stop` without a file.
  std::vector<std::string> depends_on;
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
