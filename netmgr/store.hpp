// What is kept on disk: ROOT/networks/NAME.json survives a reboot, RUN_DIR/sandboxes/ID.json lives
// as long as the namespaces do. Text in, values out; the files are written by Networks.
#pragma once
#include <string>
#include <vector>

#include "netmgr/network.hpp"

namespace estiba::net {

struct StoredNetwork {
  NetworkRecord record;
  unsigned uplink_index = 0;          ///< means nothing without record.uplink_host
  std::vector<std::string> reserved;  ///< Networks::reserve
};

struct StoredSandbox {
  Sandbox sandbox;
  bool active = true;
  /// What was published last: a container that starts again gets its chosen ports back.
  std::vector<PortMapping> last_ports;
};

std::string to_json(const StoredNetwork& network);
StoredNetwork network_from_json(const std::string& text, const std::string& what);
std::string to_json(const StoredSandbox& sandbox);
StoredSandbox sandbox_from_json(const std::string& text, const std::string& what);

}  // namespace estiba::net
