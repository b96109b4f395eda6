// Health as a state machine: starting → healthy / unhealthy, from probe results and time.
#pragma once
#include <chrono>
#include <optional>

#include "scheduler/observed_state.hpp"

namespace estiba::scheduler {

/// A health check with every default filled in (Compose file over image over defaults).
struct HealthPolicy {
  std::chrono::nanoseconds interval = std::chrono::seconds{30};
  std::chrono::nanoseconds timeout = std::chrono::seconds{30};
  std::chrono::nanoseconds start_period{0};
  /// Nothing: not written. Probes in the start period then come soon at first and back off.
  std::optional<std::chrono::nanoseconds> start_interval = {};
  int retries = 3;
};

class HealthTracker {
 public:
  explicit HealthTracker(HealthPolicy policy);

  HealthState state() const { return state_; }
  int failing_streak() const { return streak_; }
  /// How long to wait before the next probe; `since_start` is how long the container has run.
  std::chrono::nanoseconds next_delay(std::chrono::nanoseconds since_start) const;
  /// A probe ended; true if the state changed. Failures within start_period do not count.
  /// `since_start` is when the probe began, so that a slow one is not held to a later time.
  bool on_probe(bool success, std::chrono::nanoseconds since_start);
  /// The container was started anew.
  void restarted();

 private:
  /// A success ends the start period.
  bool in_start_period(std::chrono::nanoseconds since_start) const;

  HealthPolicy policy_;
  HealthState state_ = HealthState::starting;
  int streak_ = 0;
  int probes_ = 0;
};

}  // namespace estiba::scheduler
