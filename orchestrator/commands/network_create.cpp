// network create: one that projects name as external.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'d', "driver", Takes::value, "DRIVER", "bridge"},
    {0, "subnet", Takes::list, "CIDR", "The subnet; may be repeated, one a family"},
    {0, "gateway", Takes::list, "ADDRESS", "The gateway's address in the subnet"},
    {0, "ip-range", Takes::list, "CIDR", "Give out addresses of this part of the subnet"},
    {0, "internal", Takes::nothing, "", "Nothing outside is reached from it"},
    {0, "ipv6", Takes::nothing, "", "Give it IPv6 addresses too"},
    {0, "label", Takes::list, "KEY=VALUE", "Set a label"},
    {'o', "opt", Takes::list, "KEY=VALUE", "Set an option of the driver"},
    {0, "attachable", Takes::nothing, "", ""},
};

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Json params{{"name", invocation.words()[0]},
              {"driver", arguments.value_or("driver", "bridge")},
              {"subnets", arguments.list("subnet")},
              {"gateways", arguments.list("gateway")},
              {"ip_ranges", arguments.list("ip-range")},
              {"internal", arguments.on("internal")},
              {"ipv6", arguments.on("ipv6")},
              {"labels", key_values(arguments.list("label"))},
              {"options", key_values(arguments.list("opt"))}};
  Json result = Client::connect(invocation.paths).call("network_create", params);
  print(json::required_string(result, "id") + "\n");
  return 0;
}

}  // namespace

extern const Command network_create_command{.name = "network create",
                                            .usage = "[OPTIONS] NAME",
                                            .summary = "Create a network for projects to share",
                                            .flags = flags,
                                            .min_words = 1,
                                            .max_words = 1,
                                            .section = Section::host,
                                            .run = run};

}  // namespace estiba::orchestrator
