// volume ls: the named volumes of all projects.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/volume_rows.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Names only"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

int run(const Invocation& invocation) {
  print_volumes(invocation.arguments, volume_rows(invocation.paths, ""));
  return 0;
}

}  // namespace

extern const Command volume_ls_command{.name = "volume ls",
                                       .usage = "[OPTIONS]",
                                       .summary = "List the volumes of all projects",
                                       .flags = flags,
                                       .max_words = 0,
                                       .section = Section::host,
                                       .run = run};

}  // namespace estiba::orchestrator
