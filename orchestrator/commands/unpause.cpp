// unpause: what `pause` froze goes on.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

int run(const Invocation& invocation) {
  act_on_services(invocation, "unpause");
  return 0;
}

}  // namespace

extern const Command unpause_command{.name = "unpause",
                                     .usage = "[SERVICE...]",
                                     .summary = "Let the processes of services go on",
                                     .run = run};

}  // namespace estiba::orchestrator
