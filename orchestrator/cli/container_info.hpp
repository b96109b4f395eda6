// A container as the server's `ps` tells it (docs/api.md).
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace estiba::orchestrator {

struct PublishedPort {
  std::string host_ip;  ///< empty: not published
  int host_port = 0;    ///< 0: only exposed
  int container_port = 0;
  std::string protocol = "tcp";
  bool operator==(const PublishedPort&) const = default;
};

struct MountInfo {
  std::string type, name, source, target;
  bool read_only = false;
  std::string subpath{};  ///< of a volume: what of the source is mounted
};

struct ContainerInfo {
  std::string id, name, project, service;
  int number = 0;
  bool one_off = false;
  std::string image, image_id;
  std::vector<std::string> mounted_images;  ///< ids
  std::vector<std::string> command;
  std::string state, health;
  int exit_code = 0;
  int pid = 0;
  std::string created, started_at, finished_at;  ///< RFC 3339, or empty
  std::map<std::string, std::string> labels;
  std::vector<PublishedPort> ports;  ///< published and exposed, sorted by container port
  std::vector<std::string> networks;
  std::vector<MountInfo> mounts;
  bool tty = false;
  std::string log_path;

  bool running() const { return state == "running" || state == "paused" || state == "restarting"; }
};

ContainerInfo container_from_json(const Json& object);
std::vector<ContainerInfo> containers_from_json(const Json& result);

/// "web-1" for "shop-web-1" of project shop; a name of its own stays.
std::string short_name(const ContainerInfo& container);

}  // namespace estiba::orchestrator
