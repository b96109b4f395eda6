// `stop` and `start` of containers that exist, from their labels alone.
#include <algorithm>

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/reconcile.hpp"
#include "scheduler/start_gates.hpp"
#include "scheduler/teardown.hpp"

namespace estiba::scheduler {
namespace {

using Index = ServiceGraph::Index;
using Containers = std::vector<std::vector<const ObservedContainer*>>;

Containers by_service(const ServiceGraph& graph, const ObservedState& observed) {
  Containers containers(graph.size());
  for (const ObservedContainer& container : observed.containers) {
    if (!container.one_off) containers[*graph.find(container.service)].push_back(&container);
  }
  for (auto& replicas : containers) std::ranges::sort(replicas, {}, &ObservedContainer::number);
  return containers;
}

std::vector<Index> resolve(const ServiceGraph& graph, const std::vector<std::string>& targets) {
  std::vector<Index> found;
  for (const std::string& target : targets) {
    if (auto index = graph.find(target)) found.push_back(*index);
  }
  return found;
}

/// Of all replicas of the service, what each says it needs; the strictest where they differ.
std::vector<StartGates::Need> needs_of(const ServiceGraph& graph, const Containers& containers,
                                       Index service) {
  std::map<Index, spec::DependsOnCondition> strictest;
  for (const ObservedContainer* container : containers[service]) {
    for (const ObservedDependency& dependency : container->depends_on) {
      auto needed = graph.find(dependency.service);
      if (!needed || containers[*needed].empty()) continue;
      auto& condition = strictest[*needed];
      condition = std::max(condition, dependency.condition);
    }
  }
  std::vector<StartGates::Need> needs;
  for (const auto& [needed, condition] : strictest) needs.push_back({needed, condition, true});
  return needs;
}

NodeId add_start(PlanBuilder& builder, const ObservedContainer& container, NodeIds deps) {
  std::string cause = container.state == ContainerState::created
                          ? "created, not started"
                          : cat("exited with ", std::to_string(container.exit_code));
  return builder.add(StartContainer{container.service, container.id, container.name},
                     std::move(deps), std::move(cause));
}

}  // namespace

Plan plan_stop(const ObservedState& observed, const std::vector<std::string>& targets) {
  ServiceGraph graph = graph_of(observed);
  Containers containers = by_service(graph, observed);
  std::vector<bool> wanted(graph.size(), targets.empty());
  for (Index target : resolve(graph, targets)) wanted[target] = true;
  PlanBuilder builder;
  StopFrontier frontier{graph};
  auto order = graph.order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    NodeIds before = frontier.before(*it), own;
    for (const ObservedContainer* container : containers[*it]) {
      if (wanted[*it] && is_active(*container)) {
        own.push_back(add_stop(builder, *container, before, "stop"));
      }
    }
    frontier.set(*it, std::move(own), std::move(before));
  }
  return builder.take();
}

Plan plan_start(const ObservedState& observed, const std::vector<std::string>& targets) {
  ServiceGraph graph = graph_of(observed);
  Containers containers = by_service(graph, observed);
  auto roots = resolve(graph, targets);
  std::vector<bool> wanted =
      targets.empty() ? std::vector<bool>(graph.size(), true) : graph.closure(roots);
  PlanBuilder builder;
  StartGates gates{builder, graph};
  for (Index service : graph.order()) {
    if (!wanted[service]) continue;
    auto idle = [](const ObservedContainer* container) {
      return !is_active(*container) && container->state != ContainerState::dead;
    };
    bool starts_any = std::ranges::any_of(containers[service], idle);
    NodeIds gate = gates.open(service, needs_of(graph, containers, service), starts_any);
    NodeIds starts;
    for (const ObservedContainer* container : containers[service]) {
      if (idle(container)) starts.push_back(add_start(builder, *container, gate));
    }
    gates.set(service, std::move(starts), std::move(gate));
  }
  return builder.take();
}

}  // namespace estiba::scheduler
