// kill: a signal to the main process of containers.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "runtime/containers.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'s', "signal", Takes::value, "SIGNAL", "The signal: a name or a number"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
};

void remove_orphans(const Invocation& invocation, const Chosen& chosen) {
  std::vector<std::string> known = service_names(load_project(invocation, {}).project);
  std::set<std::string> orphans;
  for (const ContainerInfo& container : containers_of(invocation.paths, chosen.project))
    if (std::find(known.begin(), known.end(), container.service) == known.end())
      orphans.insert(container.service);
  if (orphans.empty()) return;
  call_with_progress(
      invocation, "down",
      {{"project", chosen.project},
       {"options", {{"targets", orphans}, {"dry_run", invocation.dry_run()}, {"timeout", 0}}}});
}

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
  call_with_progress(invocation, "kill", params);
  if (invocation.arguments.on("remove-orphans")) remove_orphans(invocation, chosen);
  return 0;
}

}  // namespace

extern const Command kill_command{.name = "kill",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Send a signal, SIGKILL if none is named",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
