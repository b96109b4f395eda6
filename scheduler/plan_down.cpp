// `down`: what belongs to the project and to the targets goes, dependents first; what a remaining
// container still uses stays.
#include <algorithm>
#include <set>

#include "scheduler/decision.hpp"
#include "scheduler/reconcile.hpp"
#include "scheduler/teardown.hpp"

namespace estiba::scheduler {
namespace {

using Names = std::vector<std::string> ObservedContainer::*;

bool is_external(const spec::Project& project, const ObservedNetwork& network) {
  return std::ranges::any_of(project.networks, [&](const auto& entry) {
    return entry.second.external && entry.second.name == network.name;
  });
}

bool is_external(const spec::Project& project, const ObservedVolume& volume) {
  return std::ranges::any_of(project.volumes, [&](const auto& entry) {
    return entry.second.external && entry.second.name == volume.name;
  });
}

class DownPlan {
 public:
  DownPlan(const ObservedState& observed, const DownOptions& options)
      : observed_(observed), options_(options) {}

  Plan build() {
    std::vector<Doomed> doomed;
    for (const ObservedContainer& container : observed_.containers) {
      if (auto cause = cause_of_removal(container); !cause.empty()) {
        doomed.push_back({&container, std::move(cause)});
      }
    }
    removed_ = add_teardown(builder_, observed_, doomed);
    for (const ObservedNetwork& network : observed_.networks) {
      remove_resource(network, &ObservedContainer::networks, RemoveNetwork{network.name});
    }
    if (options_.remove_volumes) {
      for (const ObservedVolume& volume : observed_.volumes) {
        remove_resource(volume, &ObservedContainer::volumes, RemoveVolume{volume.name});
      }
    }
    return builder_.take();
  }

 private:
  /// Why a container goes; empty: it stays. Without a file no service is an orphan, and a one-off
  /// container is somebody's `run`, which only a file's --remove-orphans ends.
  std::string cause_of_removal(const ObservedContainer& container) const {
    const auto& project = options_.project;
    bool orphans_too = options_.remove_orphans && project;
    if (container.one_off) return orphans_too ? "a one-off container" : "";
    if (project && is_orphan(*project, container)) {
      return orphans_too ? "the file has no such service" : "";
    }
    if (options_.targets.empty()) {
      bool enabled = !project || project->services.contains(container.service);
      return enabled ? "down" : "";
    }
    bool targeted =
        std::ranges::find(options_.targets, container.service) != options_.targets.end();
    return targeted ? "down" : "";
  }

  static bool is_orphan(const spec::Project& project, const ObservedContainer& container) {
    return !project.services.contains(container.service) &&
           !project.disabled_services.contains(container.service);
  }

  template <typename Resource>
  void remove_resource(const Resource& resource, Names names, Action action) {
    if (options_.project && is_external(*options_.project, resource)) return;
    NodeIds removals;
    for (const ObservedContainer& container : observed_.containers) {
      const auto& used = container.*names;
      if (std::ranges::find(used, resource.name) == used.end()) continue;
      auto removal = removed_.removes.find(&container);
      if (removal == removed_.removes.end()) return;
      removals.push_back(removal->second);
    }
    // `down SERVICE` takes along only what the service had and nobody else has.
    if (!options_.targets.empty() && removals.empty()) return;
    builder_.add(std::move(action), std::move(removals), "down");
  }

  const ObservedState& observed_;
  const DownOptions& options_;
  PlanBuilder builder_;
  Removed removed_;
};

}  // namespace

Plan plan_down(const ObservedState& observed, const DownOptions& options) {
  return DownPlan{observed, options}.build();
}

}  // namespace estiba::scheduler
