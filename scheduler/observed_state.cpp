#include "scheduler/observed_state.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "scheduler/dependencies.hpp"

namespace estiba::scheduler {
namespace {

spec::DependsOnCondition condition_named(std::string_view name) {
  using spec::DependsOnCondition;
  for (auto condition :
       {DependsOnCondition::service_healthy, DependsOnCondition::service_completed_successfully}) {
    if (name == condition_name(condition)) return condition;
  }
  return DependsOnCondition::service_started;
}

}  // namespace

std::string depends_on_label(const spec::Service& service) {
  std::vector<std::string> entries;
  for (const auto& [name, dependency] : dependencies_of(service)) {
    entries.push_back(cat(name, ":", condition_name(dependency.condition), ":",
                          dependency.restart ? "true" : "false"));
  }
  return text::join(entries, ",");
}

std::vector<ObservedDependency> parse_depends_on_label(std::string_view label) {
  std::vector<ObservedDependency> dependencies;
  for (const std::string& entry : text::split(label, ',')) {
    auto fields = text::split(entry, ':');
    fields.resize(3);
    if (fields[0].empty()) continue;
    dependencies.push_back({fields[0], condition_named(fields[1]), fields[2] == "true"});
  }
  return dependencies;
}

}  // namespace estiba::scheduler
