#include "scheduler/plan.hpp"

#include "base/error.hpp"

namespace estiba::scheduler {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string_view goal(spec::DependsOnCondition condition) {
  switch (condition) {
    case spec::DependsOnCondition::service_started:
      return "started";
    case spec::DependsOnCondition::service_healthy:
      return "healthy";
    case spec::DependsOnCondition::service_completed_successfully:
      return "completed";
  }
  return {};
}

template <typename OnContainer>
std::string_view shown(const OnContainer& action) {
  return action.name.empty() ? action.container : action.name;
}

std::string join_ids(const std::vector<NodeId>& ids) {
  std::string out;
  for (NodeId id : ids) out += cat(out.empty() ? "" : ",", std::to_string(id));
  return out;
}

}  // namespace

std::string describe(const Action& action) {
  return std::visit(Overloaded{
                        [](const CreateNetwork& a) { return cat("create network ", a.key); },
                        [](const RemoveNetwork& a) { return cat("remove network ", a.name); },
                        [](const CreateVolume& a) { return cat("create volume ", a.key); },
                        [](const RemoveVolume& a) { return cat("remove volume ", a.name); },
                        [](const CreateContainer& a) { return cat("create container ", a.name); },
                        [](const StartContainer& a) { return cat("start container ", shown(a)); },
                        [](const StopContainer& a) { return cat("stop container ", shown(a)); },
                        [](const RemoveContainer& a) { return cat("remove container ", shown(a)); },
                        [](const WaitFor& a) {
                          return cat("wait for ", a.service, " ", goal(a.condition),
                                     a.required ? "" : ", if it can be");
                        },
                    },
                    action);
}

std::string to_text(const Plan& plan) {
  std::string out;
  for (const PlanNode& node : plan.nodes) {
    out += cat("#", std::to_string(node.id), " [", join_ids(node.deps), "] ", describe(node.action),
               node.cause.empty() ? "" : cat("  (", node.cause, ")"), "\n");
  }
  return out;
}

}  // namespace estiba::scheduler
