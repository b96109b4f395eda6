// Restart policy as arithmetic: was this exit abnormal, may it start again, and after how long.
// Back-off 100 ms doubling to 1 min, reset after 10 s of running (or deploy.restart_policy.delay).
#pragma once
#include <chrono>
#include <optional>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

class RestartTracker {
 public:
  using milliseconds = std::chrono::milliseconds;
  explicit RestartTracker(spec::RestartPolicy policy);

  /// The delay before the next start, or nothing: stay down. `ran` is how long this run lasted.
  std::optional<milliseconds> on_exit(int exit_code, std::chrono::nanoseconds ran);
  /// Somebody started it by hand: the counts begin anew.
  void reset();
  /// Restarts so far, as `ps` and inspect show it.
  int count() const { return count_; }

 private:
  spec::RestartPolicy policy_;
  int count_ = 0;
  milliseconds next_{100};
};

}  // namespace estiba::scheduler
