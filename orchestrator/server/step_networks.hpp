// The network sandboxes of one build. Each step under way has one to itself, with an address of its
// own; the step after it gets the same one, because making and removing one costs more than most
// commands take. Nothing of a step is left in it: its processes have ended, and it could not change
// interfaces or settings.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "imgmgr/build/step_runner.hpp"
#include "netmgr/network.hpp"
#include "orchestrator/server/core.hpp"

namespace estiba::orchestrator {

constexpr const char* build_network = "estiba_build";

class StepNetworks {
 public:
  explicit StepNetworks(Core& core) : core_(core) {}
  /// Removes them; the network goes with the last build.
  ~StepNetworks();
  StepNetworks(const StepNetworks&) = delete;
  StepNetworks& operator=(const StepNetworks&) = delete;

  /// A sandbox that no step is in; `network` is not `host`.
  net::Sandbox take(img::build::StepNetwork network);
  enum class Trace { none, possible };
  /// The step has ended. A sandbox that it may have changed is removed.
  void give_back(const std::string& id, img::build::StepNetwork network, Trace trace);

 private:
  void attach(const std::string& id);

  Core& core_;
  std::map<img::build::StepNetwork, std::vector<std::string>> idle_;
};

void remove_build_network_if_unused(Core& core);

}  // namespace estiba::orchestrator
