// rm: stopped containers go.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'f', "force", Takes::nothing, "", "Do not ask"},
    {'s', "stop", Takes::nothing, "", "Stop running ones first"},
    {'v', "volumes", Takes::nothing, "", "Remove their anonymous volumes too"},
};

bool confirmed(const std::vector<std::string>& names) {
  print(cat("Going to remove ", text::join(names, ", "), "\n"));
  if (!ui::is_terminal(FdRef(STDIN_FILENO))) return false;
  print_aside("Are you sure? [yN] ");
  char answer[64];
  size_t got = sys::read(FdRef(STDIN_FILENO), answer, sizeof answer, "standard input");
  return got > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Chosen chosen = chosen_containers(invocation);
  std::vector<std::string> names;
  for (const ContainerInfo& container : chosen.containers)
    if (arguments.on("stop") || !container.running()) names.push_back(container.name);
  if (names.empty()) {
    print_aside("No stopped containers\n");
    return 0;
  }
  if (arguments.on("force"))
    print(cat("Going to remove ", text::join(names, ", "), "\n"));
  else if (!confirmed(names))
    return 0;
  Json params = project_params(chosen.project, invocation.words());
  params["stop"] = arguments.on("stop");
  params["volumes"] = arguments.on("volumes");
  call_with_progress(invocation, "rm", params);
  return 0;
}

}  // namespace

extern const Command rm_command{.name = "rm",
                                .usage = "[OPTIONS] [SERVICE...]",
                                .summary = "Remove stopped containers",
                                .flags = flags,
                                .run = run};

}  // namespace estiba::orchestrator
