// events: what happens to containers, as it happens.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "json", Takes::nothing, "", "One JSON object a line"},
};

std::string attribute(const Json& event, const char* key) {
  auto found = event.find(key);
  if (found == event.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : json::dump(*found);
}

Json attributes_of(const Json& event, const std::string& action) {
  Json attributes{{"name", attribute(event, "name")}};
  if (std::string image = attribute(event, "image"); !image.empty()) attributes["image"] = image;
  if (action == "die") attributes["exitCode"] = attribute(event, "exit_code");
  return attributes;
}

std::string action_of(const Json& event) {
  std::string action = attribute(event, "action");
  return action == "health" ? cat("health_status: ", attribute(event, "health")) : action;
}

std::string as_json(const Json& event) {
  std::string action = action_of(event);
  Json line{{"action", action},
            {"attributes", attributes_of(event, action)},
            {"id", attribute(event, "id")},
            {"service", attribute(event, "service")},
            {"time", attribute(event, "time")},
            {"type", "container"}};
  return json::dump(line) + "\n";
}

std::string as_text(const Json& event) {
  std::string action = action_of(event);
  std::vector<std::string> details;
  Json attributes = attributes_of(event, action);
  for (const auto& [key, value] : attributes.items())
    details.push_back(cat(key, "=", value.get<std::string>()));
  std::string time = attribute(event, "time");
  std::string moment = time.size() > 26 ? cat(time.substr(0, 10), " ", time.substr(11, 15)) : time;
  return cat(moment, " container ", action, " ", attribute(event, "id"), " (",
             text::join(details, ", "), ")\n");
}

bool wanted(const Json& event, const std::vector<std::string>& services) {
  return services.empty() ||
         std::find(services.begin(), services.end(), attribute(event, "service")) != services.end();
}

int run(const Invocation& invocation) {
  Chosen chosen = chosen_containers(invocation);
  bool json = invocation.arguments.on("json");
  interrupts::install();
  Client client = Client::connect(invocation.paths);
  client.call("events", {{"project", chosen.project}}, [&](const Json& event) {
    auto found = event.find("container");
    if (found == event.end() || attribute(*found, "project") != chosen.project) return;
    if (!wanted(*found, invocation.words())) return;
    print(json ? as_json(*found) : as_text(*found));
  });
  return 0;
}

}  // namespace

extern const Command events_command{.name = "events",
                                    .usage = "[OPTIONS] [SERVICE...]",
                                    .summary = "Follow what happens to containers",
                                    .flags = flags,
                                    .run = run};

}  // namespace estiba::orchestrator
