// The fate of each container of each selected service, decided dependencies first.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/dependencies.hpp"
#include "scheduler/recreate.hpp"
#include "scheduler/selector.hpp"

namespace estiba::scheduler {
namespace {

using Index = ServiceGraph::Index;

class ServiceDecider {
 public:
  ServiceDecider(const UpContext& context, const NetworkDecisions& networks)
      : context_(context),
        networks_(networks),
        decided_(context.graph.size()),
        rule_(context, networks, decided_) {
    for (const ObservedContainer& container : context.observed.containers) {
      holder_of_name_.emplace(container.name, container.service);
    }
  }

  std::vector<ServiceDecision> decide_all() {
    for (Index index : context_.selected) decided_[index] = decide(index);
    return std::move(decided_);
  }

 private:
  int wanted_replicas(const spec::Service& service) const {
    auto scaled = context_.options.scale.find(service.name);
    int wanted = scaled == context_.options.scale.end() ? service.replicas : scaled->second;
    if (wanted > 1 && !service.container_name.empty()) {
      throw Error{cat("cannot run ", std::to_string(wanted), " containers of service \"",
                      service.name, "\": only one can be named \"", service.container_name,
                      "\"; remove its container_name")};
    }
    return wanted;
  }

  ServiceDecision decide(Index index) const {
    std::vector<Candidate> candidates;
    for (const ObservedContainer* container : context_.containers[index]) {
      candidates.push_back({container, rule_.cause(index, *container)});
    }
    Selection selection =
        select_replicas(std::move(candidates), wanted_replicas(context_.service(index)));
    ServiceDecision decision;
    decision.surplus = std::move(selection.surplus);
    auto restart_cause = rule_.restart_cause(index);
    for (Candidate& candidate : selection.kept) {
      decision.replicas.push_back(fate_of(candidate, restart_cause));
    }
    for (int number : selection.missing) {
      decision.replicas.push_back({number, Fate::create, nullptr, selection.cause_of_missing});
    }
    std::ranges::sort(decision.replicas, {}, &Replica::number);
    decision.remove_first = must_remove_first(index, decision);
    return decision;
  }

  Replica fate_of(Candidate& candidate, const std::optional<std::string>& restart_cause) const {
    const ObservedContainer& c = *candidate.container;
    if (candidate.obsolete) return {c.number, Fate::recreate, &c, std::move(*candidate.obsolete)};
    if (!is_active(c) && context_.options.start == Start::yes) {
      return {c.number, Fate::start, &c,
              c.state == ContainerState::created
                  ? "created, not started"
                  : cat("exited with ", std::to_string(c.exit_code))};
    }
    bool running = c.state == ContainerState::running || c.state == ContainerState::restarting;
    if (restart_cause && running) return {c.number, Fate::restart, &c, *restart_cause};
    return {c.number, Fate::keep, &c, ""};
  }

  /// New containers cannot be made beside the old ones where a network is made anew between them,
  /// where another service's container has their name, nor where they join a container that comes
  /// late for these reasons.
  bool must_remove_first(Index index, const ServiceDecision& decision) const {
    const spec::Service& service = context_.service(index);
    if (is_name_taken(service)) return true;
    for (const std::string& key : networks_of(service)) {
      if (networks_.remake.contains(key)) return true;
    }
    for (const Replica& replica : decision.replicas) {
      if (replica.fate == Fate::recreate && is_on_remade_network(*replica.old)) return true;
    }
    for (Index needed : context_.graph.dependencies(index)) {
      if (decided_[needed].remove_first && joins(service, context_.graph.name(needed))) return true;
    }
    return false;
  }

  bool is_name_taken(const spec::Service& service) const {
    if (service.container_name.empty()) return false;
    auto holder = holder_of_name_.find(service.container_name);
    return holder != holder_of_name_.end() && holder->second != service.name;
  }

  bool is_on_remade_network(const ObservedContainer& container) const {
    return std::ranges::any_of(container.networks, [&](const std::string& name) {
      return networks_.changed.contains(name);
    });
  }

  static bool joins(const spec::Service& service, const std::string& other) {
    auto parents = joined_services(service);
    return std::ranges::find(parents, other) != parents.end();
  }

  const UpContext& context_;
  const NetworkDecisions& networks_;
  std::vector<ServiceDecision> decided_;
  RecreateRule rule_;
  std::unordered_map<std::string_view, std::string_view> holder_of_name_;
};

}  // namespace

std::vector<ServiceDecision> decide_services(const UpContext& context,
                                             const NetworkDecisions& networks) {
  return ServiceDecider{context, networks}.decide_all();
}

}  // namespace estiba::scheduler
