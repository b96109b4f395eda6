// pause: the cgroup freezer holds every process where it is.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

int run(const Invocation& invocation) {
  act_on_services(invocation, "pause");
  return 0;
}

}  // namespace

extern const Command pause_command{.name = "pause",
                                   .usage = "[SERVICE...]",
                                   .summary = "Freeze the processes of services",
                                   .run = run};

}  // namespace estiba::orchestrator
