// kill: a signal to the main process of containers.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "runtime/containers.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'s', "signal", Takes::value, "SIGNAL", "The signal: a name or a number"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
};

int run(const Invocation& invocation) {
  std::string signal = invocation.arguments.value_or("signal", "SIGKILL");
  if (!runtime::parse_signal(signal)) throw Error(cat("invalid signal: ", signal));
  Chosen chosen = chosen_containers(invocation);
  if (chosen.containers.empty()) {
    print_aside("no container to kill\n");
    return 0;
  }
  Json params = project_params(chosen.project, invocation.words());
  params["signal"] = signal;
  params["remove_orphans"] = invocation.arguments.on("remove-orphans");
  call_with_progress(invocation, "kill", params);
  return 0;
}

}  // namespace

extern const Command kill_command{.name = "kill",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Send a signal, SIGKILL if none is named",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
