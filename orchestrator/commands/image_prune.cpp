// image prune: images without a name, or all that no container was made from; what builds remember.
#include "base/error.hpp"
#include "imgmgr/build/builder.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/step_runner.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "all", Takes::nothing, "", "All images that no container was made from"},
    {0, "build-cache", Takes::nothing, "", "Forget what builds remember, and cache mounts"},
    {'f', "force", Takes::nothing, "", ""},
};

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  std::vector<std::string> in_use = images_in_use(invocation.paths);
  auto which = arguments.on("all") ? img::Images::Prune::unused : img::Images::Prune::unnamed;
  for (const std::string& line : img::Images(invocation.paths.root).prune(which, in_use))
    print(line + "\n");
  if (!arguments.on("build-cache")) return 0;
  ServerSteps steps(invocation.paths);
  img::Builder(invocation.paths.root, steps).prune_cache();
  return 0;
}

}  // namespace

extern const Command image_prune_command{.name = "image prune",
                                         .usage = "[OPTIONS]",
                                         .summary = "Remove images that nothing uses",
                                         .flags = flags,
                                         .max_words = 0,
                                         .section = Section::host,
                                         .run = run};

}  // namespace estiba::orchestrator
