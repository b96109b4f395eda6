// network rm: networks that no container uses go.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'f', "force", Takes::nothing, "", "One that does not exist is no error"},
};

int run(const Invocation& invocation) { return remove_by_name(invocation, "network_remove"); }

}  // namespace

extern const Command network_rm_command{.name = "network rm",
                                        .usage = "[OPTIONS] NAME...",
                                        .summary = "Remove networks",
                                        .flags = flags,
                                        .min_words = 1,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
