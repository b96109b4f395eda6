// A RUN instruction: what exactly is executed, and what its result depends on.
#pragma once
#include <string>
#include <vector>

#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/layer_step.hpp"
#include "imgmgr/build/run_mounts.hpp"

namespace estiba::img::build {

struct RunContext {
  Engine& engine;
  size_t stage;
  const StageState& state;
  Lookup lookup;
  int step;  ///< for the output's events
};

struct RunPlan {
  std::string key;
  StepRequest request;  ///< without directories and mounts
  std::vector<MountFlag> mounts;
  MountContext mount_context;
  std::string script;       ///< of a heredoc that begins with #!
  std::string script_name;  ///< beneath /dev/pipes
  int step = 0;
};

RunPlan plan_run(const Run& run, const RunContext& context);
/// An Error if the command fails.
void execute(const RunPlan& plan, const LayerDirs& dirs);

}  // namespace estiba::img::build
