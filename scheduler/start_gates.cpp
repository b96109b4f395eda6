#include "scheduler/start_gates.hpp"

#include "base/error.hpp"

namespace estiba::scheduler {

NodeIds StartGates::open(Index waiter, const std::vector<Need>& needs, bool starts_any) {
  NodeIds gate;
  for (const Need& need : needs) {
    const NodeIds& reached = reached_[need.service];
    bool plain = need.condition == spec::DependsOnCondition::service_started;
    if (plain && (need.required || reached.empty())) {
      append(gate, reached);
    } else if (starts_any || !reached.empty()) {
      // Where the waiter runs already, the wait still says whether what was started became fit.
      gate.push_back(builder_.add(
          WaitFor{graph_.name(need.service), need.condition, graph_.name(waiter), need.required},
          reached, cat(graph_.name(waiter), " depends on it")));
    }
  }
  sort_unique(gate);
  return gate;
}

void StartGates::set(Index service, NodeIds starts, NodeIds gate) {
  reached_[service] = starts.empty() ? std::move(gate) : std::move(starts);
}

}  // namespace estiba::scheduler
