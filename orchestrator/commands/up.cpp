// up: brings the project to what its files say; in the foreground it stays with the logs.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/foreground.hpp"
#include "orchestrator/cli/image_provision.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'d', "detach", Takes::nothing, "", "Run in the background"},
    {0, "wait", Takes::nothing, "", "Return when all is running or healthy; implies -d"},
    {0, "wait-timeout", Takes::value, "SECONDS", "Longest time for --wait"},
    {0, "build", Takes::nothing, "", "Build images first"},
    {0, "no-build", Takes::nothing, "", "Build no image, even a missing one"},
    {0, "pull", Takes::value, "WHEN", "Pull: always, missing, never, build, policy"},
    {0, "quiet-pull", Takes::nothing, "", "Pull without progress"},
    {0, "quiet-build", Takes::nothing, "", ""},
    {0, "force-recreate", Takes::nothing, "", "Recreate containers that have not changed"},
    {0, "no-recreate", Takes::nothing, "", "Keep containers that have changed"},
    {0, "always-recreate-deps", Takes::nothing, "", "Recreate dependencies as well"},
    {'V', "renew-anon-volumes", Takes::nothing, "", "Give new containers new anonymous volumes"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
    {0, "no-deps", Takes::nothing, "", "Leave services alone that others depend on"},
    {0, "no-start", Takes::nothing, "", "Create, but start nothing"},
    {0, "scale", Takes::list, "SERVICE=N", "Run N containers of a service"},
    {'t', "timeout", Takes::value, "SECONDS", "Time to stop in, before SIGKILL"},
    {0, "abort-on-container-exit", Takes::nothing, "", "Stop all when a container ends"},
    {0, "abort-on-container-failure", Takes::nothing, "", "Stop all when a container fails"},
    {0, "exit-code-from", Takes::value, "SERVICE", "Exit with this service's code; stops all"},
    {0, "attach", Takes::list, "SERVICE", "Show the logs of this service only; repeatable"},
    {0, "no-attach", Takes::list, "SERVICE", "Do not show this service's logs; repeatable"},
    {0, "attach-dependencies", Takes::nothing, "", "Show the logs of dependencies too"},
    {0, "no-color", Takes::nothing, "", "No colours in logs"},
    {0, "no-log-prefix", Takes::nothing, "", "No names in front of log lines"},
    {0, "timestamps", Takes::nothing, "", "Times in front of log lines"},
    {0, "dry-run", Takes::nothing, "", "Print the plan and its reasons, change nothing"},
    {0, "menu", Takes::nothing, "", ""},
    {'w', "watch", Takes::nothing, "", ""},
    {'y', "yes", Takes::nothing, "", ""},
};

bool in_background(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  return arguments.on("detach") || arguments.on("wait") || arguments.on("no-start") ||
         invocation.dry_run();
}

void check_flags(const Arguments& arguments) {
  if (auto sentence = contradiction(arguments)) throw Error(*sentence);
  if (arguments.on("watch"))
    throw Error("--watch is not there yet; run \"estiba up\" again after a change");
}

int run(const Invocation& invocation) {
  check_flags(invocation.arguments);
  const std::vector<std::string>& targets = invocation.words();
  LoadedProject loaded = load_project(invocation, targets);
  check_services(targets, service_names(loaded.project));
  if (loaded.project.services.empty()) throw Error("no service selected");
  provide_images(invocation, loaded, targets);
  Json params = up_params(invocation, loaded, targets);
  if (!in_background(invocation))
    return Foreground(invocation, loaded.project, std::move(params)).run();
  call_with_progress(invocation, "up", params);
  return 0;
}

}  // namespace

extern const Command up_command{.name = "up",
                                .usage = "[OPTIONS] [SERVICE...]",
                                .summary = "Create and start containers",
                                .flags = flags,
                                .run = run};

}  // namespace estiba::orchestrator
