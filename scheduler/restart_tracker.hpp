// Restart policy as arithmetic: was this exit abnormal, may it start again, and after how long.
// Back-off 100 ms doubling to 1 min, reset after 10 s of running (or deploy.restart_policy.delay).
// A stop that somebody asked for is not told here: it is no exit to recover from.
#pragma once
#include <chrono>
#include <optional>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

class RestartTracker {
 public:
  using milliseconds = std::chrono::milliseconds;
  /// `restarts` so far: what a server that takes over read from disk.
  explicit RestartTracker(spec::RestartPolicy policy, int restarts = 0);

  /// The delay before the next start, or nothing: stay down. `ran` is how long this run lasted.
  std::optional<milliseconds> on_exit(int exit_code, std::chrono::nanoseconds ran);
  /// Somebody started it by hand: the counts begin anew.
  void reset();
  /// Restarts so far, as `ps` and inspect show it.
  int count() const { return count_; }

 private:
  bool wants_restart(int exit_code) const;
  milliseconds next_delay();

  spec::RestartPolicy policy_;
  int count_ = 0;
  int attempts_ = 0;  ///< restarts since the last run that counts as a success
  milliseconds next_;
};

}  // namespace estiba::scheduler
