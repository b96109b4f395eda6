// What surrounds one RUN step on this host: its network and its files; given back with this object.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "imgmgr/build/step_runner.hpp"
#include "orchestrator/lower_step.hpp"
#include "orchestrator/server/core.hpp"
#include "orchestrator/server/step_networks.hpp"

namespace estiba::orchestrator {

class StepSite {
 public:
  StepSite(Core& core, std::string id, std::shared_ptr<StepNetworks> networks);
  /// The container must have ended.
  ~StepSite();
  StepSite(const StepSite&) = delete;
  StepSite& operator=(const StepSite&) = delete;

  StepSurroundings prepare(const img::build::StepRequest& request);

 private:
  struct Held {
    net::Sandbox sandbox;
    img::build::StepNetwork network;
    StepNetworks::Trace trace;
  };
  runtime::Namespace network_namespace(const img::build::StepRequest& request);
  void write_files(const img::build::StepRequest& request) const;

  Core& core_;
  std::string id_, directory_;
  std::shared_ptr<StepNetworks> networks_;
  std::optional<Held> held_;  ///< nothing: the host's network
};

/// What steps of a killed server left: to be called before the first step.
void remove_leftover_steps(Core& core);

}  // namespace estiba::orchestrator
