// Steps that make a layer: a writable overlay over the stage so far, whose upper directory becomes
// the layer; or the layer that the same step made before.
#pragma once
#include <functional>
#include <string>

#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

/// The directories of an overlay mount in the making.
struct LayerDirs {
  std::vector<std::string> lower;
  std::string upper, work;
};

struct LayerStep {
  std::string key;            ///< what the result depends on, beyond the layers beneath
  bool changes_files = true;  ///< false: only remembered for its time
  std::function<void(const LayerDirs&)> run;
  bool may_be_old = true;  ///< false: a result from before this build does not count (--no-cache)
};

enum class Origin { made, cached };

/// Adds the layer, if there is one, to the state; sets the time it was made.
Origin run_layer_step(Engine& engine, StageState& state, const LayerStep& step);

}  // namespace estiba::img::build
