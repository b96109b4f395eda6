// Builds images from Dockerfiles. Stages run in parallel as far as they do not need one another;
// stages that the target does not need are not run; every step's result is remembered by what it
// depends on.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "imgmgr/build/checks.hpp"
#include "imgmgr/build/step_runner.hpp"

namespace estiba::img {

/// Content for RUN --mount=type=secret: from a file, or given.
struct BuildSecret {
  std::string file;
  std::optional<std::string> content;
};

/// What happens in a build. `step` numbers steps in the order they begin, from 1.
struct StepStarted {
  int step = 0;
  std::string name;  ///< "[stage 2/5] RUN make"
};
struct StepOutput {
  int step = 0;
  std::string text;  ///< as it came: not whole lines
};
enum class StepResult { done, cached, failed };
struct StepEnded {
  int step = 0;
  StepResult result = StepResult::done;
  std::chrono::nanoseconds duration{0};
};
struct BuildWarning {
  std::string text;
};
using BuildEvent = std::variant<StepStarted, StepOutput, StepEnded, BuildWarning>;

/// An image that a build needs. One for a platform that its name here does not stand for keeps its
/// digest as its only name.
struct BaseImage {
  std::string reference;
  std::string platform;  ///< empty: this host's, and the name is its
};

struct BuildOptions {
  std::string context_dir;                     ///< or a Git repository's address; empty: none
  std::string dockerfile;                      ///< in the context, or absolute; empty: Dockerfile
  std::optional<std::string> dockerfile_text;  ///< instead of a file (dockerfile_inline)
  std::string target;                          ///< a stage; empty: the last
  std::map<std::string, std::string> build_args;
  std::map<std::string, std::string> labels;
  std::vector<std::string> tags;
  bool no_cache = false;
  std::vector<std::string> no_cache_filter;     ///< stages to which no_cache applies alone
  std::map<std::string, BuildSecret> secrets;   ///< by id
  std::map<std::string, std::string> ssh;       ///< agent sockets by id ("default")
  std::map<std::string, std::string> contexts;  ///< name → directory, or "docker-image://NAME"
  std::string platform;                         ///< of the result; empty: this host's
  build::StepNetwork network = build::StepNetwork::automatic;
  std::vector<std::string> extra_hosts;  ///< "name:address"
  int64_t shm_size = 0;
  std::vector<build::StepLimit> limits;  ///< resource limits of RUN
  int64_t memory = 0;                    ///< bytes that a RUN may use; 0: no limit
  bool allow_insecure = false;           ///< consent to RUN --security=insecure
  bool allow_host_network = false;       ///< consent to RUN --network=host
  /// Called from several threads, one at a time.
  std::function<void(const BuildEvent&)> on_event;
  /// Makes an image that the store does not have available (a pull), and returns its id. Empty: it
  /// is an error.
  std::function<std::string(const BaseImage&)> pull;
  bool pull_always = false;  ///< even images that are here, once a build
  std::stop_token stop;
  /// Directories that steps are taken from (another builder's, or none at all: told as a warning),
  /// and those that this build's steps are kept in.
  std::vector<std::string> cache_from, cache_to;
  /// What the caller was asked for and will not get: told as warnings.
  std::vector<std::string> notices;
};

class Builder {
 public:
  /// `runner` outlives the builder.
  Builder(std::string state_dir, build::StepRunner& runner);
  ~Builder();

  /// Returns the image's id. An Error names the Dockerfile's line and shows it.
  std::string build(const BuildOptions& options);
  /// What Docker's build checks find in the Dockerfile; an Error if it is not valid.
  std::vector<build::Finding> check(const BuildOptions& options);
  /// Forgets all remembered steps and cache mounts.
  void prune_cache();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estiba::img
