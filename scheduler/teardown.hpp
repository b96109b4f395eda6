// Stop and remove nodes for a set of containers, dependents before what they depend on. Internal
// to the room.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "scheduler/observed_state.hpp"
#include "scheduler/plan_builder.hpp"
#include "scheduler/service_graph.hpp"

namespace estiba::scheduler {

/// Says, for nodes that go against the arrows of the graph, what must be done before a service's
/// own nodes: the nodes of its dependents, or where these have none, of their dependents.
class StopFrontier {
 public:
  explicit StopFrontier(const ServiceGraph& graph) : graph_(graph), nodes_(graph.size()) {}

  /// Services must come dependents first.
  NodeIds before(ServiceGraph::Index service) const;
  /// Nodes of the service itself; if there are none, what came before it stands for it.
  void set(ServiceGraph::Index service, NodeIds own, NodeIds before);

 private:
  const ServiceGraph& graph_;
  std::vector<NodeIds> nodes_;
};

struct Doomed {
  const ObservedContainer* container = nullptr;
  std::string cause;
};

struct Removed {
  std::map<const ObservedContainer*, NodeId> stops, removes;
};

Removed add_teardown(PlanBuilder& builder, const ObservedState& observed,
                     const std::vector<Doomed>& doomed);

NodeId add_stop(PlanBuilder& builder, const ObservedContainer& container, NodeIds deps,
                std::string cause);

}  // namespace estiba::scheduler
