// wait: until containers end; their exit codes are printed.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "down-project", Takes::nothing, "", "Take the project down when the first one ends"},
};

int run(const Invocation& invocation) {
  Chosen chosen = chosen_containers(invocation);
  if (chosen.containers.empty())
    throw Error(cat("no containers for project \"", chosen.project, "\""));
  std::vector<std::string> ids;
  for (const ContainerInfo& container : chosen.containers) ids.push_back(container.id);
  bool down = invocation.arguments.on("down-project");
  Client client = Client::connect(invocation.paths);
  client.send("wait", {{"ids", ids}});
  int code = 0;
  while (auto message = client.receive()) {
    if (client.result_in(*message)) break;
    auto exited = message->at("event").find("exited");
    if (exited == message->at("event").end()) continue;
    code = static_cast<int>(json::int_at(*exited, "exit_code").value_or(0));
    print(cat("container \"", json::required_string(*exited, "id"), "\" exited with status code ",
              std::to_string(code), "\n"));
    if (down) break;
  }
  if (down)
    call_with_progress(invocation, "down",
                       {{"project", chosen.project}, {"options", Json::object()}});
  return code;
}

}  // namespace

extern const Command wait_command{.name = "wait",
                                  .usage = "[OPTIONS] SERVICE...",
                                  .summary = "Wait until services end",
                                  .flags = flags,
                                  .min_words = 1,
                                  .run = run};

}  // namespace estiba::orchestrator
