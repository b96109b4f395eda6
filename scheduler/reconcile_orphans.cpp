// Containers that no service of the file accounts for. One-off containers of known services are
// none while they run: `up` must not end somebody's `run`.
#include "scheduler/decision.hpp"

namespace estiba::scheduler {
namespace {

bool has_service(const spec::Project& project, const std::string& name) {
  return project.services.contains(name) || project.disabled_services.contains(name);
}

}  // namespace

std::vector<std::string> orphans(const spec::Project& project, const ObservedState& observed) {
  std::set<std::string> names;
  for (const auto& container : observed.containers) {
    if (!container.one_off && !has_service(project, container.service)) {
      names.insert(container.service);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<const ObservedContainer*> orphan_containers(const spec::Project& project,
                                                        const ObservedState& observed) {
  std::vector<const ObservedContainer*> found;
  for (const auto& container : observed.containers) {
    bool orphan =
        container.one_off ? !is_active(container) : !has_service(project, container.service);
    if (orphan) found.push_back(&container);
  }
  return found;
}

}  // namespace estiba::scheduler
