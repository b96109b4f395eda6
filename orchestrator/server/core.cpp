#include "orchestrator/server/core.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace estiba::orchestrator {

std::vector<InstancePtr> Core::of_project(const std::string& project) const {
  std::vector<InstancePtr> found;
  for (const auto& [id, instance] : instances)
    if (instance->record.project == project) found.push_back(instance);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a->record.service, a->record.number, a->record.name) <
           std::tie(b->record.service, b->record.number, b->record.name);
  });
  return found;
}

InstancePtr Core::by_name(const std::string& name) const {
  for (const auto& [id, instance] : instances)
    if (instance->record.name == name || id == name) return instance;
  return nullptr;
}

void Core::set_names_active(const std::string& id, bool active) {
  if (networks.sandbox(id)) networks.set_active(id, active);
}

void Core::emit(const std::string& action, const Instance& instance) {
  Json event{{"event",
              {{"container",
                {{"action", action},
                 {"id", instance.record.id},
                 {"name", instance.record.name},
                 {"project", instance.record.project},
                 {"service", instance.record.service},
                 {"exit_code", instance.status.exit_code},
                 {"state", to_text(instance.status.state)},
                 {"health", to_text(instance.health_state())},
                 {"log_path", paths.log(instance.record.id)},
                 {"time", format_rfc3339(wall_now())}}}}}};
  std::erase_if(subscribers, [](const auto& subscriber) { return subscriber.expired(); });
  for (const auto& subscriber : subscribers)
    if (auto connection = subscriber.lock()) connection->send(event);
}

std::string progress_id(const Instance& instance) {
  return cat("Container ", instance.record.name);
}

}  // namespace estiba::orchestrator
