// create: `up` without the start.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/image_provision.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "build", Takes::nothing, "", "Build images first"},
    {0, "no-build", Takes::nothing, "", "Build no image, even a missing one"},
    {0, "pull", Takes::value, "WHEN", "Pull: always, missing, never, build, policy"},
    {0, "quiet-pull", Takes::nothing, "", "Pull without progress"},
    {0, "force-recreate", Takes::nothing, "", "Recreate containers that have not changed"},
    {0, "no-recreate", Takes::nothing, "", "Keep containers that have changed"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
    {0, "scale", Takes::list, "SERVICE=N", "Make N containers of a service"},
    {'y', "yes", Takes::nothing, "", ""},
};

int run(const Invocation& invocation) {
  if (auto sentence = contradiction(invocation.arguments)) throw Error(*sentence);
  LoadedProject loaded = load_project(invocation, invocation.words());
  check_services(invocation.words(), service_names(loaded.project));
  if (loaded.project.services.empty()) throw Error("no service selected");
  provide_images(invocation, loaded, invocation.words());
  Json params = up_params(invocation, loaded, invocation.words());
  params["options"]["start"] = false;
  Json result = call_with_progress(invocation, "up", params);
  if (auto plan = json::string_at(result, "plan")) print(*plan);
  return 0;
}

}  // namespace

extern const Command create_command{.name = "create",
                                    .usage = "[OPTIONS] [SERVICE...]",
                                    .summary = "Create containers, start nothing",
                                    .flags = flags,
                                    .run = run};

}  // namespace estiba::orchestrator
