// start: containers that exist run again.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "wait", Takes::nothing, "", "Return when all is running or healthy"},
    {0, "wait-timeout", Takes::value, "SECONDS", "Longest time for --wait"},
};

int run(const Invocation& invocation) {
  Chosen chosen = chosen_containers(invocation);
  if (chosen.containers.empty())
    throw Error(cat("no container found for project \"", chosen.project,
                    "\": not found; \"estiba up\" creates them"));
  const Arguments& arguments = invocation.arguments;
  Json params = project_params(chosen.project, invocation.words());
  params["dry_run"] = invocation.dry_run();
  params["wait"] = arguments.on("wait");
  params["wait_timeout"] = arguments.number("wait-timeout").value_or(0);
  call_with_progress(invocation, "start", params);
  return 0;
}

}  // namespace

extern const Command start_command{.name = "start",
                                   .usage = "[OPTIONS] [SERVICE...]",
                                   .summary = "Start services that were stopped",
                                   .flags = flags,
                                   .run = run};

}  // namespace estiba::orchestrator
