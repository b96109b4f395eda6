#include "scheduler/health_tracker.hpp"

#include <algorithm>

namespace estiba::scheduler {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds first_probe = std::chrono::milliseconds{50};
/// Docker's start_interval where none is written.
constexpr nanoseconds slowest_start = std::chrono::seconds{5};

/// `shortest` doubled `times` times, up to `longest`.
nanoseconds back_off(nanoseconds shortest, int times, nanoseconds longest) {
  nanoseconds delay = shortest;
  for (int i = 0; i < times && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

}  // namespace

HealthTracker::HealthTracker(HealthPolicy policy) : policy_(policy) {}

bool HealthTracker::in_start_period(nanoseconds since_start) const {
  return state_ == HealthState::starting && since_start < policy_.start_period;
}

nanoseconds HealthTracker::next_delay(nanoseconds since_start) const {
  if (!in_start_period(since_start)) return policy_.interval;
  if (policy_.start_interval) return *policy_.start_interval;
  return back_off(first_probe, probes_, std::min(policy_.interval, slowest_start));
}

bool HealthTracker::on_probe(bool success, nanoseconds since_start) {
  HealthState before = state_;
  probes_ = std::min(probes_ + 1, 64);
  if (success) {
    streak_ = 0;
    state_ = HealthState::healthy;
  } else if (!in_start_period(since_start)) {
    ++streak_;
    if (streak_ >= std::max(policy_.retries, 1)) state_ = HealthState::unhealthy;
  }
  return state_ != before;
}

void HealthTracker::restarted() {
  state_ = HealthState::starting;
  streak_ = 0;
  probes_ = 0;
}

}  // namespace estiba::scheduler
