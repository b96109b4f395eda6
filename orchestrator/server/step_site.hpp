// What surrounds one RUN step on this host: its network and its files; all gone with this object.
#pragma once
#include <string>

#include "imgmgr/build/step_runner.hpp"
#include "orchestrator/lower_step.hpp"
#include "orchestrator/server/core.hpp"

namespace estiba::orchestrator {

class StepSite {
 public:
  StepSite(Core& core, std::string id);
  /// The container must have ended.
  ~StepSite();
  StepSite(const StepSite&) = delete;
  StepSite& operator=(const StepSite&) = delete;

  StepSurroundings prepare(const img::build::StepRequest& request);

 private:
  runtime::Namespace network_namespace(img::build::StepNetwork wanted);
  void attach();
  void write_files(const img::build::StepRequest& request) const;

  Core& core_;
  std::string id_, directory_;
};

/// What steps of a killed server left: to be called before the first step.
void remove_leftover_steps(Core& core);

}  // namespace estiba::orchestrator
