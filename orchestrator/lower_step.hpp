// A RUN step of an image build, lowered to a container with the default confinement. Pure: network
// and files are made before and passed in.
#pragma once
#include <string>

#include "imgmgr/build/step_runner.hpp"
#include "runtime/container_spec.hpp"

namespace estiba::orchestrator {

struct StepSurroundings {
  std::string id;
  std::string directory;  ///< holds hosts and resolv.conf
  runtime::Namespace network;
};

runtime::ContainerSpec lower_step(const img::build::StepRequest& request,
                                  const StepSurroundings& surroundings);

}  // namespace estiba::orchestrator
