// Builds in this process: the builder, its steps on the server, interrupts, progress.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "imgmgr/build/builder.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/build_output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/step_runner.hpp"

namespace estiba::orchestrator {

struct ServiceBuild {
  std::string service;
  img::BuildOptions options;
  std::vector<std::string> after;  ///< services whose images it builds upon
};

class ImageBuilds {
 public:
  ImageBuilds(const Invocation& invocation, const ui::ProgressStyle& style);
  /// The image's id. An Error tells the Dockerfile's line and what the command said last; after an
  /// interrupt its exit code is 130.
  std::string build(img::BuildOptions options);
  /// Prints what Docker's build checks find; 1 if that is anything.
  int check(const std::vector<ServiceBuild>& builds);
  /// Several at once, each after those it builds upon; the first failure stops the others.
  void build_all(std::vector<ServiceBuild> builds);
  /// Waits for a server that ran for the builds alone.
  void finish();

 private:
  std::string pull(const img::BaseImage& image, std::stop_token stop);
  std::string build_one(img::BuildOptions options, const std::string& label, std::stop_token stop);
  [[noreturn]] void fail(const Error& error, bool stopped);

  size_t at_once_;
  img::Images images_;
  ServerSteps steps_;
  img::Builder builder_;
  BuildOutput output_;
};

/// Variables for what a build takes from the environment: the project's (.env) and our own.
std::map<std::string, std::string> build_environment();
std::map<std::string, std::string> build_environment(const LoadedProject& loaded);

/// The wanted services' builds and those they build upon, as the file has them.
std::vector<ServiceBuild> service_builds(const LoadedProject& loaded,
                                         const std::vector<std::string>& wanted,
                                         const std::map<std::string, std::string>& environment);

/// Whether `up` is about this service: --no-deps leaves out what was loaded along.
bool is_target(const Invocation& invocation, const std::vector<std::string>& targets,
               const std::string& service);
/// Before `up` and its like: builds what --build asks for, and images that are not there.
void build_missing(const Invocation& invocation, const LoadedProject& loaded,
                   const std::vector<std::string>& targets);

}  // namespace estiba::orchestrator
