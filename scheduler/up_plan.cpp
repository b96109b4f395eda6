#include "scheduler/up_plan.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "scheduler/dependencies.hpp"
#include "scheduler/published_ports.hpp"

namespace estiba::scheduler {

using spec::DependsOnCondition;

UpPlan::UpPlan(const UpContext& context, const NetworkDecisions& networks,
               const VolumeDecisions& volumes, const std::vector<ServiceDecision>& services)
    : context_(context), networks_(networks), volumes_(volumes), services_(services) {
  nodes_.reserve(services.size());
  for (const ServiceDecision& decision : services) nodes_.emplace_back(decision.replicas.size());
  for (const auto& [name, key] : networks.changed) network_freed_[name];
}

Plan UpPlan::build() {
  for (const std::string& warning : networks_.warnings) builder_.warn(warning);
  for (const std::string& warning : volumes_.warnings) builder_.warn(warning);
  create_resources();
  if (context_.options.remove_orphans) remove_orphans();
  create_containers(false);
  stop_containers();
  remove_containers();
  remake_networks();
  create_containers(true);
  if (context_.options.start == Start::yes) start_containers();
  return builder_.take();
}

void UpPlan::create_resources() {
  for (const auto& [key, cause] : networks_.create) {
    network_nodes_[key] = builder_.add(CreateNetwork{key}, {}, cause);
  }
  for (const auto& [key, cause] : volumes_.create) {
    volume_nodes_[key] = builder_.add(CreateVolume{key}, {}, cause);
  }
}

void UpPlan::remove_orphans() {
  std::vector<Doomed> doomed;
  for (const auto* container : orphan_containers(context_.project(), context_.observed)) {
    doomed.push_back({container, container->one_off
                                     ? "a one-off container that has ended"
                                     : cat("the file has no service ", container->service)});
  }
  Removed removed = add_teardown(builder_, context_.observed, doomed);
  for (const auto& [container, stop] : removed.stops) note_stop(*container, stop);
  for (const auto& [container, removal] : removed.removes) note_removal(*container, removal);
}

void UpPlan::note_stop(const ObservedContainer& container, NodeId stop) {
  for (const std::string& port : container.published) port_freed_[port].push_back(stop);
}

void UpPlan::note_removal(const ObservedContainer& container, NodeId removal) {
  name_freed_.emplace(container.name, removal);
  for (const std::string& network : container.networks) {
    auto freed = network_freed_.find(network);
    if (freed != network_freed_.end()) freed->second.push_back(removal);
  }
}

std::string UpPlan::new_name(Index service, const Replica& replica) const {
  return container_name(context_.project(), context_.service(service), replica.number);
}

NodeIds UpPlan::resources_of(const spec::Service& service) const {
  NodeIds nodes;
  for (const std::string& key : networks_of(service)) {
    if (auto found = network_nodes_.find(key); found != network_nodes_.end()) {
      nodes.push_back(found->second);
    }
  }
  for (const std::string& key : volumes_of(service)) {
    if (auto found = volume_nodes_.find(key); found != volume_nodes_.end()) {
      nodes.push_back(found->second);
    }
  }
  return nodes;
}

void UpPlan::create_containers(bool late) {
  for (Index service : context_.selected) {
    const ServiceDecision& decision = services_[service];
    if (decision.remove_first != late) continue;
    for (size_t i = 0; i < decision.replicas.size(); ++i) {
      const Replica& replica = decision.replicas[i];
      if (replica.fate != Fate::create && replica.fate != Fate::recreate) continue;
      nodes_[service][i].create = create_container(service, replica, nodes_[service][i]);
    }
  }
}

/// A container that joins others is created after them, since it names them; it is started after
/// their start like any dependent.
NodeId UpPlan::create_container(Index index, const Replica& replica, const ReplicaNodes& nodes) {
  const spec::Service& service = context_.service(index);
  NodeIds deps = resources_of(service);
  auto joins = joins_of(index);
  for (const auto& [name, container] : joins) {
    for (const ReplicaNodes& other : nodes_[*context_.graph.find(name)]) {
      if (other.create) deps.push_back(*other.create);
    }
  }
  if (nodes.remove) deps.push_back(*nodes.remove);
  std::string name = new_name(index, replica);
  auto holder = name_freed_.find(name);
  if (holder != name_freed_.end()) deps.push_back(holder->second);
  return builder_.add(CreateContainer{service.name, replica.number, std::move(name),
                                      replica.old ? replica.old->id : "", std::move(joins)},
                      std::move(deps), replica.cause);
}

/// Of several containers of a parent the one with the lowest number is joined.
std::map<std::string, std::string> UpPlan::joins_of(Index service) const {
  std::map<std::string, std::string> joins;
  for (const std::string& name : joined_services(context_.service(service))) {
    auto parent = context_.graph.find(name);
    if (!parent) continue;
    if (!services_[*parent].replicas.empty()) {
      const Replica& first = services_[*parent].replicas.front();
      bool made = first.fate == Fate::create || first.fate == Fate::recreate;
      joins[name] = made ? cat("=", new_name(*parent, first)) : first.old->id;
    } else if (!context_.is_selected[*parent] && !context_.containers[*parent].empty()) {
      joins[name] =
          (*std::ranges::min_element(context_.containers[*parent], {}, &ObservedContainer::number))
              ->id;
    }
  }
  return joins;
}

void UpPlan::stop_containers() {
  StopFrontier frontier{context_.graph};
  for (auto it = context_.selected.rbegin(); it != context_.selected.rend(); ++it) {
    NodeIds before = frontier.before(*it);
    NodeIds own = stop_service(*it, before);
    frontier.set(*it, std::move(own), std::move(before));
  }
}

NodeIds UpPlan::stop_service(Index service, const NodeIds& before) {
  NodeIds stops;
  const ServiceDecision& decision = services_[service];
  for (const Doomed& surplus : decision.surplus) {
    if (!is_active(*surplus.container)) continue;
    NodeId stop = add_stop(builder_, *surplus.container, before, surplus.cause);
    surplus_stops_.emplace(surplus.container, stop);
    note_stop(*surplus.container, stop);
    stops.push_back(stop);
  }
  for (size_t i = 0; i < decision.replicas.size(); ++i) {
    const Replica& replica = decision.replicas[i];
    bool stops_it = replica.fate == Fate::restart || replica.fate == Fate::recreate;
    if (!stops_it || !is_active(*replica.old)) continue;
    ReplicaNodes& nodes = nodes_[service][i];
    NodeIds deps = before;
    // The old one goes on until the new one is sure to exist.
    if (nodes.create) deps.push_back(*nodes.create);
    nodes.stop = add_stop(builder_, *replica.old, std::move(deps), replica.cause);
    note_stop(*replica.old, *nodes.stop);
    stops.push_back(*nodes.stop);
  }
  return stops;
}

void UpPlan::remove_containers() {
  for (auto it = context_.selected.rbegin(); it != context_.selected.rend(); ++it) {
    const ServiceDecision& decision = services_[*it];
    for (const Doomed& surplus : decision.surplus) {
      NodeIds deps;
      auto stop = surplus_stops_.find(surplus.container);
      if (stop != surplus_stops_.end()) deps.push_back(stop->second);
      NodeId removal = remove_container(*surplus.container, std::move(deps), surplus.cause, "");
      note_removal(*surplus.container, removal);
    }
    for (size_t i = 0; i < decision.replicas.size(); ++i) {
      const Replica& replica = decision.replicas[i];
      if (replica.fate != Fate::recreate) continue;
      ReplicaNodes& nodes = nodes_[*it][i];
      NodeIds deps;
      if (nodes.create) deps.push_back(*nodes.create);
      if (nodes.stop) deps.push_back(*nodes.stop);
      nodes.remove =
          remove_container(*replica.old, std::move(deps), replica.cause, new_name(*it, replica));
      note_removal(*replica.old, *nodes.remove);
    }
  }
}

NodeId UpPlan::remove_container(const ObservedContainer& container, NodeIds deps, std::string cause,
                                std::string successor) {
  return builder_.add(
      RemoveContainer{container.service, container.id, container.name, std::move(successor)},
      std::move(deps), std::move(cause));
}

void UpPlan::remake_networks() {
  for (const auto& [key, name] : networks_.remake) {
    std::string cause = cat("network ", key, " changed");
    NodeId removal = builder_.add(RemoveNetwork{name}, network_freed_[name], cause);
    network_nodes_[key] = builder_.add(CreateNetwork{key}, {removal}, std::move(cause));
  }
}

void UpPlan::start_containers() {
  StartGates gates{builder_, context_.graph};
  for (Index service : context_.selected) {
    const ServiceDecision& decision = services_[service];
    auto starts_it = [](const Replica& replica) { return replica.fate != Fate::keep; };
    bool starts_any = std::ranges::any_of(decision.replicas, starts_it);
    NodeIds gate = gates.open(service, needs_of(service), starts_any);
    NodeIds starts;
    for (size_t i = 0; i < decision.replicas.size(); ++i) {
      const Replica& replica = decision.replicas[i];
      if (starts_it(replica)) {
        starts.push_back(start_container(service, replica, nodes_[service][i], gate));
      }
    }
    gates.set(service, std::move(starts), std::move(gate));
  }
  if (context_.options.wait != Wait::no) wait_for_all(gates);
}

/// A service scaled to nothing neither waits nor is waited for; it only passes the order on.
std::vector<StartGates::Need> UpPlan::needs_of(Index service) const {
  std::vector<StartGates::Need> needs;
  bool waits = !services_[service].replicas.empty();
  for (const Needed& needed : context_.needs[service]) {
    bool fit = waits && !services_[needed.service].replicas.empty();
    needs.push_back({needed.service,
                     fit ? needed.how.condition : DependsOnCondition::service_started,
                     needed.how.required});
  }
  return needs;
}

NodeId UpPlan::start_container(Index index, const Replica& replica, const ReplicaNodes& nodes,
                               NodeIds deps) {
  const spec::Service& service = context_.service(index);
  for (const auto& node : {nodes.create, nodes.stop, nodes.remove}) {
    if (node) deps.push_back(*node);
  }
  if (!nodes.create) append(deps, resources_of(service));
  append(deps, port_holders(service));
  std::string name = nodes.create ? new_name(index, replica) : replica.old->name;
  std::string container = nodes.create ? cat("=", name) : replica.old->id;
  return builder_.add(StartContainer{service.name, std::move(container), std::move(name)},
                      std::move(deps), replica.cause);
}

/// A host port may pass from a container that goes to one that comes.
NodeIds UpPlan::port_holders(const spec::Service& service) const {
  NodeIds holders;
  if (port_freed_.empty()) return holders;
  for (const std::string& port : published_ports(service)) {
    auto freed = port_freed_.find(port);
    if (freed != port_freed_.end()) append(holders, freed->second);
  }
  return holders;
}

void UpPlan::wait_for_all(const StartGates& gates) {
  std::vector<bool> completes(context_.graph.size());
  for (Index service : context_.selected) {
    for (const StartGates::Need& need : needs_of(service)) {
      if (need.condition == DependsOnCondition::service_completed_successfully) {
        completes[need.service] = true;
      }
    }
  }
  for (Index service : context_.selected) {
    if (services_[service].replicas.empty()) continue;
    auto condition = completes[service] ? DependsOnCondition::service_completed_successfully
                                        : DependsOnCondition::service_healthy;
    builder_.add(WaitFor{context_.graph.name(service), condition, "", true}, gates.reached(service),
                 "--wait");
  }
}

}  // namespace estiba::scheduler
