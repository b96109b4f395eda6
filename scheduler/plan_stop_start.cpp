// `stop`, `start` and `restart` of containers that exist, from their labels alone.
#include <algorithm>

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/reconcile.hpp"
#include "scheduler/start_gates.hpp"
#include "scheduler/teardown.hpp"

namespace estiba::scheduler {
namespace {

using Index = ServiceGraph::Index;
using Marks = std::vector<bool>;
using Stops = std::map<const ObservedContainer*, NodeId>;

/// The services that have containers, which of them are meant, and the plan that grows.
class LabelPlan {
 public:
  LabelPlan(const ObservedState& observed, const std::vector<std::string>& targets);

  void take_dependencies_along() {
    if (!all_) wanted_ = graph_.closure(targets_);
  }
  void take_restarting_dependents_along();
  Stops stop();
  StartGates start(const Stops& stops);
  void wait_for_all(const StartGates& gates);
  Plan take() { return builder_.take(); }

 private:
  std::vector<StartGates::Need> needs_of(Index service) const;
  bool follows_restarts(Index service) const;
  void start_service(StartGates& gates, Index service, const Stops& stops);

  ServiceGraph graph_;
  std::vector<std::vector<const ObservedContainer*>> containers_;
  std::vector<Index> order_;
  std::map<std::string, Index> service_of_id_;
  std::vector<Index> targets_;
  bool all_;
  Marks wanted_;
  PlanBuilder builder_;
};

LabelPlan::LabelPlan(const ObservedState& observed, const std::vector<std::string>& targets)
    : graph_(graph_of(observed)),
      containers_(graph_.size()),
      order_(graph_.order()),
      all_(targets.empty()),
      wanted_(graph_.size(), all_) {
  for (const ObservedContainer& container : observed.containers) {
    if (container.one_off) continue;
    Index service = *graph_.find(container.service);
    containers_[service].push_back(&container);
    service_of_id_[container.id] = service;
  }
  for (auto& replicas : containers_) std::ranges::sort(replicas, {}, &ObservedContainer::number);
  for (const std::string& target : targets) {
    if (auto index = graph_.find(target)) targets_.push_back(*index);
  }
  for (Index target : targets_) wanted_[target] = true;
}

void LabelPlan::take_restarting_dependents_along() {
  for (Index service : order_) wanted_[service] = wanted_[service] || follows_restarts(service);
}

/// Whether something it depends on is restarted, and it asked for this or shares its namespaces.
bool LabelPlan::follows_restarts(Index service) const {
  for (const ObservedContainer* container : containers_[service]) {
    for (const ObservedDependency& dependency : container->depends_on) {
      auto needed = graph_.find(dependency.service);
      if (needed && dependency.restart && wanted_[*needed]) return true;
    }
    for (const std::string& id : container->joined_containers) {
      auto parent = service_of_id_.find(id);
      if (parent != service_of_id_.end() && wanted_[parent->second]) return true;
    }
  }
  return false;
}

Stops LabelPlan::stop() {
  Stops stops;
  StopFrontier frontier{graph_};
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    NodeIds before = frontier.before(*it), own;
    for (const ObservedContainer* container : containers_[*it]) {
      if (!wanted_[*it] || !is_active(*container)) continue;
      own.push_back(add_stop(builder_, *container, before, ""));
      stops.emplace(container, own.back());
    }
    frontier.set(*it, std::move(own), std::move(before));
  }
  return stops;
}

/// Of all replicas of the service, what each says it needs; the strictest where they differ.
std::vector<StartGates::Need> LabelPlan::needs_of(Index service) const {
  std::map<Index, spec::DependsOnCondition> strictest;
  for (const ObservedContainer* container : containers_[service]) {
    for (const ObservedDependency& dependency : container->depends_on) {
      auto needed = graph_.find(dependency.service);
      if (!needed || !wanted_[*needed] || containers_[*needed].empty()) continue;
      auto& condition = strictest[*needed];
      condition = std::max(condition, dependency.condition);
    }
    for (const std::string& id : container->joined_containers) {
      auto parent = service_of_id_.find(id);
      if (parent != service_of_id_.end() && wanted_[parent->second]) strictest[parent->second];
    }
  }
  std::vector<StartGates::Need> needs;
  for (const auto& [needed, condition] : strictest) needs.push_back({needed, condition, true});
  return needs;
}

StartGates LabelPlan::start(const Stops& stops) {
  StartGates gates{builder_, graph_};
  for (Index service : order_) {
    if (wanted_[service]) start_service(gates, service, stops);
  }
  return gates;
}

void LabelPlan::wait_for_all(const StartGates& gates) {
  Marks completes(graph_.size());
  for (Index service : order_) {
    for (const StartGates::Need& need : needs_of(service)) {
      if (need.condition == spec::DependsOnCondition::service_completed_successfully)
        completes[need.service] = true;
    }
  }
  for (Index service : order_) {
    if (!wanted_[service] || containers_[service].empty()) continue;
    auto condition = completes[service] ? spec::DependsOnCondition::service_completed_successfully
                                        : spec::DependsOnCondition::service_healthy;
    builder_.add(WaitFor{graph_.name(service), condition, "", true}, gates.reached(service),
                 "--wait");
  }
}

void LabelPlan::start_service(StartGates& gates, Index service, const Stops& stops) {
  auto idle = [&](const ObservedContainer* container) {
    bool startable = !is_active(*container) && container->state != ContainerState::dead;
    return startable || stops.contains(container);
  };
  bool starts_any = std::ranges::any_of(containers_[service], idle);
  NodeIds gate = gates.open(service, needs_of(service), starts_any);
  NodeIds starts;
  for (const ObservedContainer* container : containers_[service]) {
    if (!idle(container)) continue;
    NodeIds deps = gate;
    if (auto stop = stops.find(container); stop != stops.end()) deps.push_back(stop->second);
    starts.push_back(builder_.add(
        StartContainer{container->service, container->id, container->name}, std::move(deps), ""));
  }
  gates.set(service, std::move(starts), std::move(gate));
}

}  // namespace

Plan plan_stop(const ObservedState& observed, const std::vector<std::string>& targets) {
  LabelPlan plan{observed, targets};
  plan.stop();
  return plan.take();
}

Plan plan_start(const ObservedState& observed, const std::vector<std::string>& targets, Wait wait) {
  LabelPlan plan{observed, targets};
  plan.take_dependencies_along();
  StartGates gates = plan.start({});
  if (wait == Wait::running_or_healthy) plan.wait_for_all(gates);
  return plan.take();
}

Plan plan_restart(const ObservedState& observed, const std::vector<std::string>& targets,
                  Dependents dependents) {
  LabelPlan plan{observed, targets};
  if (dependents == Dependents::restart) plan.take_restarting_dependents_along();
  Stops stops = plan.stop();
  plan.start(stops);
  return plan.take();
}

}  // namespace estiba::scheduler
