// stop: containers end, and stay for `start`.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'t', "timeout", Takes::value, "SECONDS", "Time to stop in, before SIGKILL"},
};

int run(const Invocation& invocation) {
  act_on_services(invocation, "stop");
  return 0;
}

}  // namespace

extern const Command stop_command{.name = "stop",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Stop services",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
