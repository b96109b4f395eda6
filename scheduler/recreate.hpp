// Whether a container must be made anew, and why. Internal to the room.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "scheduler/decision.hpp"

namespace estiba::scheduler {

class RecreateRule {
 public:
  /// `decided` grows, dependencies first; what containers join is decided before them.
  RecreateRule(const UpContext& context, const NetworkDecisions& networks,
               const std::vector<ServiceDecision>& decided)
      : context_(context), networks_(networks), decided_(decided) {}

  /// Nothing: the container can stay.
  std::optional<std::string> cause(ServiceGraph::Index service,
                                   const ObservedContainer& container) const;
  /// Why a running container that stays must be stopped and started; nothing: it need not.
  std::optional<std::string> restart_cause(ServiceGraph::Index service) const;

 private:
  std::optional<std::string> network_cause(const spec::Service& service,
                                           const ObservedContainer& container) const;
  std::optional<std::string> volume_cause(const spec::Service& service,
                                          const ObservedContainer& container) const;
  std::optional<std::string> parent_cause(const spec::Service& service,
                                          const ObservedContainer& container) const;
  bool shares_with(ServiceGraph::Index parent, const ObservedContainer& container) const;

  const UpContext& context_;
  const NetworkDecisions& networks_;
  const std::vector<ServiceDecision>& decided_;
};

}  // namespace estiba::scheduler
