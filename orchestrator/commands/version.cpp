// version: ours.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "short", Takes::nothing, "", "The number only"},
    {'f', "format", Takes::value, "FORM", "pretty or json"},
};

int run(const Invocation& invocation) {
  std::string format = invocation.arguments.value_or("format", "pretty");
  if (invocation.arguments.on("short"))
    print(cat(ESTIBA_VERSION, "\n"));
  else if (format == "json")
    print(Json{{"version", ESTIBA_VERSION}}.dump() + "\n");
  else if (format == "pretty")
    print(cat("Estiba version ", ESTIBA_VERSION, "\n"));
  else
    throw Error(cat("unsupported format \"", format, "\"; it must be pretty or json"));
  return 0;
}

}  // namespace

extern const Command version_command{.name = "version",
                                     .usage = "[OPTIONS]",
                                     .summary = "Show the version",
                                     .flags = flags,
                                     .max_words = 0,
                                     .privilege = Privilege::none,
                                     .run = run};

}  // namespace estiba::orchestrator
