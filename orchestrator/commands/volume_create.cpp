// volume create: one that projects name as external.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'d', "driver", Takes::value, "DRIVER", "local"},
    {0, "label", Takes::list, "KEY=VALUE", "Set a label"},
    {'o', "opt", Takes::list, "KEY=VALUE", "Set an option of the driver: type, device, o"},
};

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Json params{{"name", invocation.words().empty() ? "" : invocation.words()[0]},
              {"driver", arguments.value_or("driver", "local")},
              {"labels", key_values(arguments.list("label"))},
              {"options", key_values(arguments.list("opt"))}};
  Json result = Client::connect(invocation.paths).call("volume_create", params);
  print(json::required_string(result, "name") + "\n");
  return 0;
}

}  // namespace

extern const Command volume_create_command{.name = "volume create",
                                           .usage = "[OPTIONS] [NAME]",
                                           .summary = "Create a volume for projects to share",
                                           .flags = flags,
                                           .max_words = 1,
                                           .section = Section::host,
                                           .run = run};

}  // namespace estiba::orchestrator
