// Builds in this process: the builder, its steps on the server, interrupts, progress.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "imgmgr/build/builder.hpp"
#include "orchestrator/cli/build_output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/step_runner.hpp"

namespace estiba::orchestrator {

class ImageBuilds {
 public:
  ImageBuilds(const Invocation& invocation, const ui::ProgressStyle& style);
  /// The image's id. An Error tells the Dockerfile's line and what the command said last; after an
  /// interrupt its exit code is 130.
  std::string build(img::BuildOptions options);
  /// Waits for a server that ran for the builds alone.
  void finish();

 private:
  ServerSteps steps_;
  img::Builder builder_;
  BuildOutput output_;
};

/// Variables for what a build takes from the environment: the project's (.env) and our own.
std::map<std::string, std::string> build_environment();
std::map<std::string, std::string> build_environment(const LoadedProject& loaded);

/// Before `up` and its like: builds what --build asks for, and images that are not there.
void build_missing(const Invocation& invocation, const LoadedProject& loaded,
                   const std::vector<std::string>& targets);

}  // namespace estiba::orchestrator
