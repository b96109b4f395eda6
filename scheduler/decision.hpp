// What is to become of each network, service and container that `up` is about: decided first, for
// all, and only then turned into nodes. Internal to the room.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/reconcile.hpp"
#include "scheduler/service_graph.hpp"
#include "scheduler/teardown.hpp"

namespace estiba::scheduler {

/// One of the services a service depends on, and how.
struct Needed {
  ServiceGraph::Index service = 0;
  spec::Dependency how;
};

/// What every decision reads.
struct UpContext {
  const Desired& desired;
  const ObservedState& observed;
  const UpOptions& options;
  ServiceGraph graph;
  std::vector<ServiceGraph::Index> selected;        ///< dependencies first
  std::vector<bool> is_selected, is_target;         ///< by service
  std::vector<const spec::Service*> services = {};  ///< by service, as all that follows
  std::vector<std::vector<Needed>> needs = {};
  /// Its containers but for one-off ones.
  std::vector<std::vector<const ObservedContainer*>> containers = {};

  const spec::Project& project() const { return desired.project; }
  const spec::Service& service(ServiceGraph::Index index) const { return *services[index]; }
};

struct NetworkDecisions {
  std::map<std::string, std::string> create;  ///< key → cause
  std::map<std::string, std::string> remake;  ///< key → name: changed, with all containers on it
  /// Name → key, of those to remake, and of those to create.
  std::map<std::string, std::string> changed, gone;
  std::vector<std::string> warnings;
};

struct VolumeDecisions {
  std::map<std::string, std::string> create;  ///< key → cause
  std::vector<std::string> warnings;
};

enum class Fate { create, keep, start, restart, recreate };

struct Replica {
  int number = 1;
  Fate fate = Fate::create;
  const ObservedContainer* old = nullptr;  ///< null exactly where the fate is create
  std::string cause;
};

struct ServiceDecision {
  std::vector<Replica> replicas;  ///< by number
  std::vector<Doomed> surplus;    ///< in the order of removal
  /// Old containers go before new ones come: something that both would hold is made anew.
  bool remove_first = false;

  bool any(Fate fate) const {
    for (const Replica& replica : replicas) {
      if (replica.fate == fate) return true;
    }
    return false;
  }
};

UpContext up_context(const Desired& desired, const ObservedState& observed,
                     const UpOptions& options);
NetworkDecisions decide_networks(const UpContext& context);
VolumeDecisions decide_volumes(const UpContext& context);
/// By service; empty for those not selected.
std::vector<ServiceDecision> decide_services(const UpContext& context,
                                             const NetworkDecisions& networks);
/// Containers of services that the project does not have, and one-off ones that have ended.
std::vector<const ObservedContainer*> orphan_containers(const spec::Project& project,
                                                        const ObservedState& observed);

inline bool is_active(const ObservedContainer& container) {
  return container.state == ContainerState::running ||
         container.state == ContainerState::restarting || container.state == ContainerState::paused;
}

}  // namespace estiba::scheduler
