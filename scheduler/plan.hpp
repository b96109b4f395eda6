// What will be done, as data: a DAG of actions, each with the reason for it. The order of nodes is
// topological and deterministic, so that its text can be compared.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

struct CreateNetwork {
  std::string key;
};
struct RemoveNetwork {
  std::string name;
};
struct CreateVolume {
  std::string key;
};
struct RemoveVolume {
  std::string name;
};
struct CreateContainer {
  std::string service;
  int number = 1;
  std::string name;
  /// The id of the container this one replaces (empty: none): it hands over anonymous volumes, then
  /// goes.
  std::string replaces = {};
  /// Service → the container of it (see below) whose namespaces or volumes it shares: what
  /// `service:NAME` of network_mode, ipc and pid and the entries of volumes_from mean.
  std::map<std::string, std::string> joins = {};
};
/// `container` is an id, or "=NAME" for a container that an earlier CreateContainer of this plan
/// makes.
struct StartContainer {
  std::string service, container;
  std::string name = {};  ///< as people know the container; ids are for the runner
};
struct StopContainer {
  std::string service, container, name = {};
};
struct RemoveContainer {
  std::string service, container, name = {};
  /// The name of the container of this plan that replaces it (empty: none): its anonymous volumes
  /// are then kept. Where a changed network is made anew, the removal comes before the creation.
  std::string successor = {};
};
/// Waits until every container of the service meets the condition. For `up --wait`,
/// service_healthy means: healthy where there is a health check, else running.
struct WaitFor {
  std::string service;
  spec::DependsOnCondition condition = spec::DependsOnCondition::service_started;
  /// The service that waits; empty for `up --wait`.
  std::string waiter = {};
  bool required = true;
};

using Action =
    std::variant<CreateNetwork, RemoveNetwork, CreateVolume, RemoveVolume, CreateContainer,
                 StartContainer, StopContainer, RemoveContainer, WaitFor>;

using NodeId = int;

struct PlanNode {
  NodeId id = 0;  ///< the node's place in Plan::nodes
  Action action;
  std::vector<NodeId> deps;
  std::string cause;  ///< "not created yet", "image changed", "scale 2 -> 1"
};

struct Plan {
  std::vector<PlanNode> nodes;
  /// What differs from the file and stays so, with the reason, for the user.
  std::vector<std::string> warnings;
};

/// "create container web-1", "start container web-1", "wait for db healthy" ...
std::string describe(const Action& action);
/// `#2 [1] remove container web-2  (scale 2 -> 1)\n` a node.
std::string to_text(const Plan& plan);

}  // namespace estiba::scheduler
