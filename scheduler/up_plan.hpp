// Turns the decisions of `up` into nodes, in phases that are a topological order: networks and
// volumes, orphans, new containers, stops (dependents first), removals, networks made anew, what
// had to wait for them, starts (dependencies first, with the conditions), waits. A phase only
// orders the list; what must really precede what is said by each node's deps. Internal to the room.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/decision.hpp"
#include "scheduler/plan_builder.hpp"
#include "scheduler/start_gates.hpp"

namespace estiba::scheduler {

class UpPlan {
 public:
  UpPlan(const UpContext& context, const NetworkDecisions& networks, const VolumeDecisions& volumes,
         const std::vector<ServiceDecision>& services);
  Plan build();

 private:
  using Index = ServiceGraph::Index;
  /// The nodes of one replica so far.
  struct ReplicaNodes {
    std::optional<NodeId> create, stop, remove;
  };

  void create_resources();
  void remove_orphans();
  void create_containers(bool late);
  NodeId create_container(Index service, const Replica& replica, const ReplicaNodes& nodes);
  std::map<std::string, std::string> joins_of(Index service) const;
  NodeIds resources_of(const spec::Service& service) const;
  void stop_containers();
  NodeIds stop_service(Index service, const NodeIds& before);
  void remove_containers();
  NodeId remove_container(const ObservedContainer& container, NodeIds deps, std::string cause,
                          std::string successor);
  void remake_networks();
  void start_containers();
  NodeId start_container(Index service, const Replica& replica, const ReplicaNodes& nodes,
                         NodeIds deps);
  std::vector<StartGates::Need> needs_of(Index service) const;
  NodeIds port_holders(const spec::Service& service) const;
  void wait_for_all(const StartGates& gates);
  std::string new_name(Index service, const Replica& replica) const;
  void note_stop(const ObservedContainer& container, NodeId stop);
  void note_removal(const ObservedContainer& container, NodeId removal);

  const UpContext& context_;
  const NetworkDecisions& networks_;
  const VolumeDecisions& volumes_;
  const std::vector<ServiceDecision>& services_;
  PlanBuilder builder_;
  std::map<std::string, NodeId> network_nodes_, volume_nodes_;  ///< by key
  std::vector<std::vector<ReplicaNodes>> nodes_;                ///< by service and replica
  std::map<const ObservedContainer*, NodeId> surplus_stops_;
  /// What frees a host port, a container name, a network to be made anew.
  std::map<std::string, NodeIds> port_freed_, network_freed_;
  std::map<std::string, NodeId> name_freed_;
};

}  // namespace estiba::scheduler
