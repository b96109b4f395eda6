// Large projects: that their plans stay sparse, and (printed, not asserted) how long they take.
#include <gtest/gtest.h>

#include <chrono>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;

/// Each service depends on the three before it.
Model ladder(int services) {
  Model model;
  auto name = [](int i) { return "s" + std::to_string(10'000 + i); };
  for (int i = 0; i < services; ++i) {
    std::map<std::string, spec::Dependency> dependencies;
    for (int k = std::max(0, i - 3); k < i; ++k) dependencies[name(k)] = healthy();
    model.service(name(i), dependencies);
  }
  return model;
}

size_t edges(const Plan& plan) {
  size_t count = 0;
  for (const PlanNode& node : plan.nodes) count += node.deps.size();
  return count;
}

template <typename F>
Plan timed(const char* what, F f) {
  auto begin = std::chrono::steady_clock::now();
  Plan plan = f();
  auto took = std::chrono::steady_clock::now() - begin;
  std::printf("%s: %zu nodes, %zu edges, %lld ms\n", what, plan.nodes.size(), edges(plan),
              static_cast<long long>(took / std::chrono::milliseconds{1}));
  return plan;
}

TEST(LargeProjects, HavePlansThatGrowWithTheirSize) {
  Model model = ladder(5'000);
  Plan first = timed("up", [&] { return plan_up(model.desired, {}, {}); });
  EXPECT_LT(edges(first), 50'000U);
  ObservedState state = up(ladder(0));
  for (const PlanNode& node : first.nodes) {
    const auto* create = std::get_if<CreateContainer>(&node.action);
    if (create == nullptr) continue;
    ObservedContainer c;
    c.id = c.name = create->name;
    c.service = create->service;
    c.state = ContainerState::running;
    c.config_hash = "h1";
    c.image_id = "sha256:1";
    c.networks = {"p_default"};
    c.depends_on = parse_depends_on_label(depends_on_label(model[c.service]));
    state.containers.push_back(std::move(c));
  }
  state.networks = {{"default", "p_default", "n1"}};
  Plan again = timed("up again", [&] { return plan_up(model.desired, state, {}); });
  EXPECT_TRUE(again.nodes.empty());
  Plan forced = timed("recreate all",
                      [&] { return plan_up(model.desired, state, {.recreate = Recreate::force}); });
  EXPECT_LT(edges(forced), 100'000U);
  Plan down = timed("down", [&] { return plan_down(state, {}); });
  EXPECT_LT(edges(down), 50'000U);
}

}  // namespace
}  // namespace estiba::scheduler
