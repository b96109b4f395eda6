#include "scheduler/restart_tracker.hpp"

#include <gtest/gtest.h>

namespace estiba::scheduler {
namespace {

using namespace std::chrono_literals;
using spec::RestartCondition;
using spec::RestartPolicy;

struct Exit {
  int code = 1;
  std::chrono::nanoseconds ran = 0ns;
};

RestartPolicy policy_of(RestartCondition condition, int max_attempts = 0) {
  RestartPolicy policy;
  policy.condition = condition;
  policy.max_attempts = max_attempts;
  return policy;
}

RestartPolicy delayed(RestartPolicy policy, std::chrono::nanoseconds delay) {
  policy.delay = delay;
  return policy;
}

/// "100 200 - ": the delays in milliseconds, "-" where it stays down.
std::string delays(RestartTracker& tracker, const std::vector<Exit>& exits) {
  std::string out;
  for (const Exit& exit : exits) {
    auto delay = tracker.on_exit(exit.code, exit.ran);
    out += delay ? std::to_string(delay->count()) : "-";
    out += ' ';
  }
  return out;
}

std::string delays(const RestartPolicy& policy, const std::vector<Exit>& exits) {
  RestartTracker tracker{policy};
  return delays(tracker, exits);
}

TEST(RestartTracker, HasOneAnswerForEachConditionAndExit) {
  struct Row {
    RestartCondition condition;
    int exit_code;
    bool restarts;
  };
  for (const Row& row :
       {Row{RestartCondition::no, 0, false}, Row{RestartCondition::no, 1, false},
        Row{RestartCondition::always, 0, true}, Row{RestartCondition::always, 137, true},
        Row{RestartCondition::on_failure, 0, false}, Row{RestartCondition::on_failure, 1, true},
        Row{RestartCondition::on_failure, 143, true},
        Row{RestartCondition::unless_stopped, 0, true},
        Row{RestartCondition::unless_stopped, 1, true}}) {
    RestartTracker tracker{policy_of(row.condition)};
    EXPECT_EQ(tracker.on_exit(row.exit_code, 1s).has_value(), row.restarts)
        << static_cast<int>(row.condition) << " " << row.exit_code;
    EXPECT_EQ(tracker.count(), row.restarts ? 1 : 0);
  }
}

TEST(RestartTracker, DoublesTheDelayUpToAMinute) {
  EXPECT_EQ(delays(policy_of(RestartCondition::always), std::vector<Exit>(12)),
            "100 200 400 800 1600 3200 6400 12800 25600 51200 60000 60000 ");
}

TEST(RestartTracker, ForgetsTheDelayAfterTenSecondsOfRunning) {
  EXPECT_EQ(
      delays(policy_of(RestartCondition::always), {{}, {}, {1, 9'999ms}, {1, 10s}, {}, {0, 1h}}),
      "100 200 400 100 200 100 ");
}

TEST(RestartTracker, KeepsToAWrittenDelay) {
  EXPECT_EQ(delays(delayed(policy_of(RestartCondition::always), 5s), {{}, {}, {1, 1h}}),
            "5000 5000 5000 ");
  EXPECT_EQ(delays(delayed(policy_of(RestartCondition::always), 0ns), {{}, {}}), "0 0 ");
}

TEST(RestartTracker, GivesUpAfterTheAttemptsAllowed) {
  EXPECT_EQ(delays(policy_of(RestartCondition::on_failure, 2), {{}, {}, {}, {}}), "100 200 - - ");
  EXPECT_EQ(delays(policy_of(RestartCondition::always, 1), {{0, 0s}, {0, 0s}}), "100 - ");
}

TEST(RestartTracker, ALongRunForgivesNoAttemptWithoutAWindow) {
  EXPECT_EQ(delays(policy_of(RestartCondition::on_failure, 2), {{}, {1, 1h}, {1, 1h}}),
            "100 100 - ");
}

TEST(RestartTracker, ARunThatHeldForTheWindowForgivesAttempts) {
  RestartPolicy policy = delayed(policy_of(RestartCondition::on_failure, 1), 1s);
  policy.window = 30s;
  EXPECT_EQ(delays(policy, {{1, 29s}, {1, 30s}, {1, 29s}}), "1000 1000 - ");
  policy.window = 0ns;
  EXPECT_EQ(delays(policy, {{1, 29s}, {1, 30s}}), "1000 - ");
}

TEST(RestartTracker, CountsFromNothingAfterAStartByHand) {
  RestartTracker tracker{policy_of(RestartCondition::on_failure, 2)};
  EXPECT_EQ(delays(tracker, {{}, {}, {}}), "100 200 - ");
  EXPECT_EQ(tracker.count(), 2);
  tracker.reset();
  EXPECT_EQ(tracker.count(), 0);
  EXPECT_EQ(delays(tracker, {{}, {}, {}}), "100 200 - ");
}

TEST(RestartTracker, GoesOnWhereTheServerBeforeItWas) {
  RestartTracker tracker{policy_of(RestartCondition::on_failure, 4), 3};
  EXPECT_EQ(delays(tracker, {{}, {}}), "800 - ");
  EXPECT_EQ(tracker.count(), 4);
  RestartTracker worn{policy_of(RestartCondition::always), 1'000'000};
  EXPECT_EQ(delays(worn, {{}}), "60000 ");
}

}  // namespace
}  // namespace estiba::scheduler
