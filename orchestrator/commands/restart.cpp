// restart: stop and start, and those dependents that ask for it.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'t', "timeout", Takes::value, "SECONDS", "Time to stop in, before SIGKILL"},
    {0, "no-deps", Takes::nothing, "", "Leave dependents alone"},
};

int run(const Invocation& invocation) {
  act_on_services(invocation, "restart", {{"no_deps", invocation.arguments.on("no-deps")}});
  return 0;
}

}  // namespace

extern const Command restart_command{.name = "restart",
                                     .usage = "[OPTIONS] [SERVICE...]",
                                     .summary = "Restart services",
                                     .flags = flags,
                                     .run = run};

}  // namespace estiba::orchestrator
