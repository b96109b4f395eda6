// A RUN step on its way from the builder, in the command line's process, to the server: the params
// of the method `step` (docs/api.md). Pure.
#pragma once
#include "base/json.hpp"
#include "imgmgr/build/step_runner.hpp"

namespace estiba::orchestrator {

Json step_to_json(const img::build::StepRequest& request);
/// An Error if a member is missing or of another type. `stop` is not part of it.
img::build::StepRequest step_from_json(const Json& params);

}  // namespace estiba::orchestrator
