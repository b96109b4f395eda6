// `run SERVICE`: what must be there for a one-off container of the service, without the service's
// own.
#include <algorithm>
#include <map>

#include "scheduler/reconcile.hpp"

namespace estiba::scheduler {
namespace {

bool acts_on_own_container(const Action& action, const std::string& service) {
  if (const auto* create = std::get_if<CreateContainer>(&action)) return create->service == service;
  if (const auto* start = std::get_if<StartContainer>(&action)) return start->service == service;
  return false;
}

}  // namespace

Plan plan_run(const Desired& desired, ObservedState observed, const std::string& service,
              bool no_deps) {
  // Planned as if the service came up for the first time; then its own nodes, on which no other
  // depends, are left out, and the conditions that they waited for stay.
  std::erase_if(observed.containers,
                [&](const auto& container) { return container.service == service; });
  UpOptions options;
  options.targets = {service};
  options.no_deps = no_deps;
  options.scale = {{service, 1}};
  Plan whole = plan_up(desired, observed, options);
  Plan plan;
  plan.warnings = whole.warnings;
  std::map<NodeId, NodeId> place;
  for (PlanNode& node : whole.nodes) {
    if (acts_on_own_container(node.action, service)) continue;
    PlanNode kept{static_cast<NodeId>(plan.nodes.size()), node.action, {}, node.cause};
    for (NodeId dep : node.deps)
      if (auto found = place.find(dep); found != place.end()) kept.deps.push_back(found->second);
    place[node.id] = kept.id;
    plan.nodes.push_back(std::move(kept));
  }
  return plan;
}

}  // namespace estiba::scheduler
