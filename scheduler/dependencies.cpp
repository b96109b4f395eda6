#include "scheduler/dependencies.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::scheduler {
namespace {

constexpr std::string_view service_prefix = "service:";

void add_unique(std::vector<std::string>& names, std::string_view name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
}

/// "SERVICE:REST" → "SERVICE".
std::string_view head(std::string_view text) { return text.substr(0, text.find(':')); }

}  // namespace

std::vector<std::string> namespace_parents(const spec::Service& service) {
  std::vector<std::string> parents;
  for (std::string_view mode : {std::string_view{service.network_mode},
                                std::string_view{service.ipc}, std::string_view{service.pid},
                                std::string_view{service.uts}, std::string_view{service.cgroup}}) {
    if (mode.starts_with(service_prefix)) add_unique(parents, mode.substr(service_prefix.size()));
  }
  return parents;
}

std::vector<std::string> volume_parents(const spec::Service& service) {
  std::vector<std::string> parents;
  for (const std::string& from : service.volumes_from) {
    if (!from.starts_with("container:")) add_unique(parents, head(from));
  }
  return parents;
}

std::vector<std::string> joined_services(const spec::Service& service) {
  auto parents = namespace_parents(service);
  for (const std::string& parent : volume_parents(service)) add_unique(parents, parent);
  return parents;
}

std::map<std::string, spec::Dependency> dependencies_of(const spec::Service& service) {
  auto dependencies = service.depends_on;
  for (const std::string& parent : joined_services(service)) dependencies.try_emplace(parent);
  for (const std::string& link : service.links) dependencies.try_emplace(std::string(head(link)));
  return dependencies;
}

std::vector<std::string> networks_of(const spec::Service& service) {
  if (!service.network_mode.empty()) return {};
  if (service.networks.empty()) return {"default"};
  std::vector<std::string> keys;
  for (const auto& [key, attachment] : service.networks) keys.push_back(key);
  return keys;
}

std::vector<std::string> volumes_of(const spec::Service& service) {
  std::vector<std::string> keys;
  for (const spec::ServiceVolume& volume : service.volumes) {
    if (volume.type == "volume") add_unique(keys, volume.source);
  }
  return keys;
}

std::string network_name(const spec::Project& project, const std::string& key) {
  auto found = project.networks.find(key);
  if (found != project.networks.end() && !found->second.name.empty()) return found->second.name;
  return cat(project.name, "_", key);
}

std::string volume_name(const spec::Project& project, const std::string& key) {
  auto found = project.volumes.find(key);
  if (found != project.volumes.end() && !found->second.name.empty()) return found->second.name;
  return cat(project.name, "_", key);
}

std::string container_name(const spec::Project& project, const spec::Service& service, int number) {
  if (!service.container_name.empty()) return service.container_name;
  return cat(project.name, "-", service.name, "-", std::to_string(number));
}

std::string_view condition_name(spec::DependsOnCondition condition) {
  switch (condition) {
    case spec::DependsOnCondition::service_started:
      return "service_started";
    case spec::DependsOnCondition::service_healthy:
      return "service_healthy";
    case spec::DependsOnCondition::service_completed_successfully:
      return "service_completed_successfully";
  }
  return {};
}

}  // namespace estiba::scheduler
