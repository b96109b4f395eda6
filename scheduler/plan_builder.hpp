// Adds nodes to a plan. A node can only depend on nodes added before it, so a plan is acyclic and
// topologically ordered by construction. Internal to the room.
#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/plan.hpp"

namespace estiba::scheduler {

using NodeIds = std::vector<NodeId>;

inline void append(NodeIds& to, const NodeIds& from) {
  to.insert(to.end(), from.begin(), from.end());
}

inline void sort_unique(NodeIds& ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

class PlanBuilder {
 public:
  NodeId add(Action action, NodeIds deps, std::string cause) {
    sort_unique(deps);
    auto id = static_cast<NodeId>(plan_.nodes.size());
    plan_.nodes.push_back({id, std::move(action), std::move(deps), std::move(cause)});
    return id;
  }
  void warn(std::string text) { plan_.warnings.push_back(std::move(text)); }
  Plan take() { return std::move(plan_); }

 private:
  Plan plan_;
};

}  // namespace estiba::scheduler
