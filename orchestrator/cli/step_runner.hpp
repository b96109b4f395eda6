// RUN steps of a build, run by the server: a connection each, since stages run at the same time.
#pragma once
#include <mutex>
#include <optional>

#include "imgmgr/build/step_runner.hpp"
#include "orchestrator/client.hpp"
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

class ServerSteps : public img::build::StepRunner {
 public:
  explicit ServerSteps(Paths paths) : paths_(std::move(paths)) {}

  int run(const img::build::StepRequest& request,
          const std::function<void(std::string_view)>& output) override;
  /// The build is over: a server that runs for nothing else has ended when this returns.
  void finish();

 private:
  void announce();

  Paths paths_;
  std::mutex mutex_;
  /// Open from the first step on: the server stays between two of them, and keeps networks.
  std::optional<Client> session_;
  std::string build_;  ///< what the session is called
};

}  // namespace estiba::orchestrator
