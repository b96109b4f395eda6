// What must have succeeded before a service may start: its dependencies' starts, through a WaitFor
// node where more than "started" is asked. Shared by `up` and `start`. Internal to the room.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "scheduler/plan_builder.hpp"
#include "scheduler/service_graph.hpp"

namespace estiba::scheduler {

class StartGates {
 public:
  using Index = ServiceGraph::Index;
  struct Need {
    Index service = 0;
    spec::DependsOnCondition condition = spec::DependsOnCondition::service_started;
    bool required = true;
  };
  StartGates(PlanBuilder& builder, const ServiceGraph& graph)
      : builder_(builder), graph_(graph), reached_(graph.size()) {}

  /// Adds the WaitFor nodes of a service and says what its starts depend on. Services must come
  /// dependencies first. `starts_any`: the service itself is about to start something.
  NodeIds open(Index waiter, const std::vector<Need>& needs, bool starts_any);
  /// The service's own start nodes, after open(): they stand for it towards its dependents. If
  /// there are none (it runs already), what it depends on does.
  void set(Index service, NodeIds starts, NodeIds gate);
  const NodeIds& reached(Index service) const { return reached_[service]; }

 private:
  PlanBuilder& builder_;
  const ServiceGraph& graph_;
  std::vector<NodeIds> reached_;
};

}  // namespace estiba::scheduler
