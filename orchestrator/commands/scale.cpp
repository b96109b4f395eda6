// scale: `up -d --scale` for the services named, which recreates nothing.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/image_provision.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "no-deps", Takes::nothing, "", "Leave services alone that others depend on"},
};

int run(const Invocation& invocation) {
  auto scales = parse_scales(invocation.words(), "invalid scale specifier, it should be SERVICE=N");
  std::vector<std::string> services;
  for (const auto& [service, count] : scales) services.push_back(service);
  LoadedProject loaded = load_project(invocation, services);
  check_services(services, service_names(loaded.project));
  provide_images(invocation, loaded, services);
  Json params = up_params(invocation, loaded, services);
  for (const auto& [service, count] : scales) params["options"]["scale"][service] = count;
  params["options"]["recreate"] = "never";
  Json result = call_with_progress(invocation, "up", params);
  if (auto plan = json::string_at(result, "plan")) print(*plan);
  return 0;
}

}  // namespace

extern const Command scale_command{.name = "scale",
                                   .usage = "SERVICE=N...",
                                   .summary = "Set how many containers services have",
                                   .flags = flags,
                                   .min_words = 1,
                                   .run = run};

}  // namespace estiba::orchestrator
