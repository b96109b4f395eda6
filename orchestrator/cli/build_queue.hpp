// Runs the builds of several services side by side, each after those whose images it builds upon.
// Knows nothing of images.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace estiba::orchestrator {

struct QueuedBuild {
  std::string name;
  std::vector<std::string> after;  ///< names; one that is not in the queue is done already
  std::function<void()> run;
};

/// Returns once nothing runs any more. Throws the first failure: nothing is begun after it, and
/// `on_failure` may stop what runs. An Error if builds wait for one another in a circle.
void run_builds(const std::vector<QueuedBuild>& builds, size_t at_once,
                const std::function<void()>& on_failure);

}  // namespace estiba::orchestrator
