#include "scheduler/health_tracker.hpp"

#include <gtest/gtest.h>

namespace estiba::scheduler {
namespace {

using namespace std::chrono_literals;

/// A probe a second from 1 s on: '+' succeeds, '-' fails. For each: the state's first letter, in
/// capitals where it changed, and the streak.
std::string history(const HealthPolicy& policy, const std::string& probes) {
  HealthTracker tracker{policy};
  std::string out;
  std::chrono::seconds time{0};
  for (char probe : probes) {
    bool changed = tracker.on_probe(probe == '+', ++time);
    char letter = "nshu"[static_cast<int>(tracker.state())];
    out += static_cast<char>(changed ? std::toupper(letter) : letter);
    out += std::to_string(tracker.failing_streak());
    out += ' ';
  }
  return out;
}

TEST(HealthTracker, BecomesUnhealthyAfterRetriesFailuresInARow) {
  HealthPolicy policy{.retries = 3};
  EXPECT_EQ(history(policy, "----"), "s1 s2 U3 u4 ");
  EXPECT_EQ(history(policy, "--+--+---"), "s1 s2 H0 h1 h2 h0 h1 h2 U3 ");
  EXPECT_EQ(history({.retries = 1}, "-"), "U1 ");
  EXPECT_EQ(history({.retries = 0}, "-"), "U1 ");
}

TEST(HealthTracker, RecoversWithOneSuccess) {
  EXPECT_EQ(history({.retries = 1}, "-+-+"), "U1 H0 U1 H0 ");
}

TEST(HealthTracker, DoesNotCountFailuresInTheStartPeriod) {
  HealthPolicy policy{.start_period = 3s, .retries = 2};
  EXPECT_EQ(history(policy, "----"), "s0 s0 s1 U2 ");
}

TEST(HealthTracker, ASuccessEndsTheStartPeriod) {
  HealthPolicy policy{.start_period = 1h, .retries = 2};
  EXPECT_EQ(history(policy, "-+--"), "s0 H0 h1 U2 ");
}

TEST(HealthTracker, StartsAnewWithTheContainer) {
  HealthTracker tracker{{.start_period = 10s, .retries = 1}};
  tracker.on_probe(true, 1s);
  tracker.on_probe(false, 2s);
  ASSERT_EQ(tracker.state(), HealthState::unhealthy);
  tracker.restarted();
  EXPECT_EQ(tracker.state(), HealthState::starting);
  EXPECT_EQ(tracker.failing_streak(), 0);
  EXPECT_EQ(tracker.next_delay(0s), 50ms);
  EXPECT_FALSE(tracker.on_probe(false, 1s));
}

/// Delays in milliseconds where every probe fails at once, until `end`.
std::string delays(const HealthPolicy& policy, std::chrono::nanoseconds end) {
  HealthTracker tracker{policy};
  std::string out;
  std::chrono::nanoseconds time{0};
  while (time < end) {
    auto delay = tracker.next_delay(time);
    out += std::to_string(delay / 1ms) + " ";
    time += delay;
    tracker.on_probe(false, time);
  }
  return out;
}

TEST(HealthTracker, WithoutAStartPeriodProbesAtTheInterval) {
  EXPECT_EQ(delays({.interval = 10s}, 30s), "10000 10000 10000 ");
}

TEST(HealthTracker, InTheStartPeriodProbesSoonAndBacksOff) {
  EXPECT_EQ(delays({.interval = 30s, .start_period = 20s}, 60s),
            "50 100 200 400 800 1600 3200 5000 5000 5000 30000 30000 ");
}

TEST(HealthTracker, BacksOffNoFurtherThanTheInterval) {
  EXPECT_EQ(delays({.interval = 300ms, .start_period = 1s}, 2s),
            "50 100 200 300 300 300 300 300 300 ");
}

TEST(HealthTracker, KeepsToAWrittenStartInterval) {
  EXPECT_EQ(delays({.interval = 10s, .start_period = 3s, .start_interval = 1s}, 20s),
            "1000 1000 1000 10000 10000 ");
}

TEST(HealthTracker, ProbesAtTheIntervalOnceItWasHealthy) {
  HealthTracker tracker{{.interval = 10s, .start_period = 1h, .start_interval = 1s}};
  EXPECT_EQ(tracker.next_delay(0s), 1s);
  tracker.on_probe(true, 1s);
  EXPECT_EQ(tracker.next_delay(1s), 10s);
  tracker.on_probe(false, 11s);
  EXPECT_EQ(tracker.next_delay(11s), 10s);
}

}  // namespace
}  // namespace estiba::scheduler
