#include "scheduler/executor.hpp"

#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;
using Ids = std::vector<NodeId>;

/// Starts with the given dependencies; node i is the i-th.
Plan plan_of(const std::vector<Ids>& deps) {
  Plan plan;
  for (const Ids& needed : deps) {
    auto id = static_cast<NodeId>(plan.nodes.size());
    plan.nodes.push_back({id, StartContainer{"s", "c"}, needed, ""});
  }
  return plan;
}

void make_wait(Plan& plan, NodeId node, bool required) {
  plan.nodes[static_cast<size_t>(node)].action = WaitFor{.service = "db", .required = required};
}

TEST(Execution, OfAnEmptyPlanIsDone) {
  Execution execution{Plan{}};
  EXPECT_TRUE(execution.done());
  EXPECT_EQ(execution.take_ready(), Ids{});
}

TEST(Execution, GivesEachNodeOnceWhenAllItNeedsHasSucceeded) {
  Execution execution{plan_of({{}, {}, {0, 1}})};
  EXPECT_EQ(execution.take_ready(), (Ids{0, 1}));
  EXPECT_EQ(execution.take_ready(), Ids{});
  execution.succeeded(1);
  EXPECT_EQ(execution.take_ready(), Ids{});
  execution.succeeded(0);
  EXPECT_EQ(execution.take_ready(), Ids{2});
  EXPECT_FALSE(execution.done());
  execution.succeeded(2);
  EXPECT_TRUE(execution.done());
}

TEST(Execution, SkipsAllThatDependsOnAFailureAndRunsTheRest) {
  Execution execution{plan_of({{}, {0}, {1}, {}})};
  EXPECT_EQ(execution.take_ready(), (Ids{0, 3}));
  execution.failed(0, "no space");
  EXPECT_FALSE(execution.done());
  execution.succeeded(3);
  EXPECT_TRUE(execution.done());
  EXPECT_EQ(execution.skipped(), (Ids{1, 2}));
  EXPECT_EQ(execution.failures(), std::vector<std::string>{"no space"});
}

TEST(Execution, KeepsToTheLimit) {
  Execution execution{plan_of({{}, {}, {}}), 2};
  EXPECT_EQ(execution.take_ready(), (Ids{0, 1}));
  EXPECT_FALSE(execution.done());
  execution.succeeded(1);
  EXPECT_EQ(execution.take_ready(), Ids{2});
  execution.failed(0, "x");
  execution.succeeded(2);
  EXPECT_TRUE(execution.done());
}

TEST(Execution, WaitsDoNotCountTowardsTheLimit) {
  Plan plan = plan_of({{}, {}, {}});
  make_wait(plan, 0, true);
  make_wait(plan, 2, true);
  Execution execution{plan, 1};
  EXPECT_EQ(execution.take_ready(), (Ids{0, 1, 2}));
}

TEST(Execution, AWaitThatIsNotRequiredFailsWithoutConsequence) {
  Plan plan = plan_of({{}, {0}});
  make_wait(plan, 0, false);
  Execution execution{plan};
  execution.take_ready();
  execution.failed(0, "unhealthy");
  EXPECT_EQ(execution.take_ready(), Ids{1});
  EXPECT_TRUE(execution.failures().empty());
}

TEST(Execution, AWaitThatIsNotRequiredPassesWhenItsServiceCannotStart) {
  Plan plan = plan_of({{}, {0}, {1}, {2}, {3, 1}});
  make_wait(plan, 2, false);
  Execution execution{plan};
  execution.take_ready();
  execution.failed(0, "no image");
  EXPECT_EQ(execution.take_ready(), Ids{3});
  execution.succeeded(3);
  EXPECT_TRUE(execution.done());
  EXPECT_EQ(execution.skipped(), (Ids{1, 2, 4}));
}

}  // namespace
}  // namespace estiba::scheduler
