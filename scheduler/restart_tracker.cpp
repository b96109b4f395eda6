#include "scheduler/restart_tracker.hpp"

#include <algorithm>
#include <utility>

namespace estiba::scheduler {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest{100};
constexpr milliseconds longest = std::chrono::minutes{1};
constexpr std::chrono::seconds long_run{10};

milliseconds doubled(milliseconds delay) { return std::min(delay * 2, longest); }

}  // namespace

RestartTracker::RestartTracker(spec::RestartPolicy policy, int restarts)
    : policy_(std::move(policy)), count_(restarts), attempts_(restarts), next_(shortest) {
  for (int i = 0; i < restarts && next_ < longest; ++i) next_ = doubled(next_);
}

std::optional<milliseconds> RestartTracker::on_exit(int exit_code, std::chrono::nanoseconds ran) {
  if (ran >= long_run) next_ = shortest;
  // The Compose Specification: a restart that held for `window` has succeeded. Without a window
  // attempts are never forgiven, as Docker has it for on-failure:N.
  if (policy_.window && policy_.window->count() > 0 && ran >= *policy_.window) {
    attempts_ = 0;
  }
  if (!wants_restart(exit_code)) return std::nullopt;
  if (policy_.max_attempts > 0 && attempts_ >= policy_.max_attempts) return std::nullopt;
  ++count_;
  ++attempts_;
  return next_delay();
}

bool RestartTracker::wants_restart(int exit_code) const {
  switch (policy_.condition) {
    case spec::RestartCondition::no:
      return false;
    case spec::RestartCondition::on_failure:
      return exit_code != 0;
    case spec::RestartCondition::always:
    case spec::RestartCondition::unless_stopped:
      return true;
  }
  return false;
}

milliseconds RestartTracker::next_delay() {
  if (policy_.delay) return std::chrono::ceil<milliseconds>(*policy_.delay);
  return std::exchange(next_, doubled(next_));
}

void RestartTracker::reset() {
  count_ = 0;
  attempts_ = 0;
  next_ = shortest;
}

}  // namespace estiba::scheduler
