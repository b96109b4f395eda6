#include "scheduler/teardown.hpp"

#include <algorithm>

#include "scheduler/decision.hpp"

namespace estiba::scheduler {

using Index = ServiceGraph::Index;

NodeIds StopFrontier::before(Index service) const {
  NodeIds nodes;
  for (Index dependent : graph_.dependents(service)) append(nodes, nodes_[dependent]);
  sort_unique(nodes);
  return nodes;
}

void StopFrontier::set(Index service, NodeIds own, NodeIds before) {
  nodes_[service] = own.empty() ? std::move(before) : std::move(own);
}

NodeId add_stop(PlanBuilder& builder, const ObservedContainer& container, NodeIds deps,
                std::string cause) {
  return builder.add(StopContainer{container.service, container.id, container.name},
                     std::move(deps), std::move(cause));
}

Removed add_teardown(PlanBuilder& builder, const ObservedState& observed,
                     const std::vector<Doomed>& doomed) {
  Removed removed;
  if (doomed.empty()) return removed;
  ServiceGraph graph = graph_of(observed);
  std::vector<std::vector<const Doomed*>> by_service(graph.size());
  for (const Doomed& item : doomed) {
    by_service[*graph.find(item.container->service)].push_back(&item);
  }
  StopFrontier frontier{graph};
  auto order = graph.order();
  std::ranges::reverse(order);
  for (Index service : order) {
    NodeIds before = frontier.before(service), own;
    for (const Doomed* item : by_service[service]) {
      if (!is_active(*item->container)) continue;
      own.push_back(add_stop(builder, *item->container, before, item->cause));
      removed.stops.emplace(item->container, own.back());
    }
    frontier.set(service, std::move(own), std::move(before));
  }
  for (Index service : order) {
    for (const Doomed* item : by_service[service]) {
      const ObservedContainer& container = *item->container;
      auto stop = removed.stops.find(&container);
      NodeIds deps;
      if (stop != removed.stops.end()) deps.push_back(stop->second);
      NodeId remove =
          builder.add(RemoveContainer{container.service, container.id, container.name, ""},
                      std::move(deps), item->cause);
      removed.removes.emplace(&container, remove);
    }
  }
  return removed;
}

}  // namespace estiba::scheduler
