// Properties of plans over generated projects, states and options. Plans are run by Execution with
// nodes ending in random order, so that what the deps do not say is found out.
#include <gtest/gtest.h>

#include <random>

#include "model.hpp"
#include "scheduler/executor.hpp"
#include "scheduler/service_graph.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  int below(int bound) { return std::uniform_int_distribution<int>{0, bound - 1}(random_); }
  bool one_in(int n) { return below(n) == 0; }
  template <typename T>
  const T& any_of(const std::vector<T>& values) {
    return values[static_cast<size_t>(below(static_cast<int>(values.size())))];
  }

  Model model() {
    Model model;
    model.network("back");
    model.volume("data");
    std::vector<std::string> names{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    std::shuffle(names.begin(), names.end(), random_);
    names.resize(static_cast<size_t>(1 + below(10)));
    std::vector<std::string> before;
    for (const std::string& name : names) {
      fill(model.service(name, dependencies(before)), before);
      before.push_back(name);
    }
    for (auto& [name, service] : model.desired.project.services) {
      if (one_in(3)) service.replicas = replicas(model, service);
    }
    return model;
  }

  /// Things happen to what is there and to the file.
  void disturb(Model& model, ObservedState& state) {
    for (auto& [name, service] : model.desired.project.services) {
      if (one_in(5)) service.config_hash = "h2";
      if (one_in(8)) model.desired.image_ids[name] = "sha256:2";
      if (one_in(6)) service.replicas = replicas(model, service);
    }
    for (auto& [key, network] : model.desired.project.networks) {
      if (one_in(5)) network.config_hash = "n2";
    }
    for (auto& container : state.containers) {
      if (one_in(4)) container.state = ContainerState::exited;
      if (one_in(12)) container.config_hash = "h0";
    }
    std::erase_if(state.containers, [&](const auto&) { return one_in(7); });
    if (one_in(6) && !state.containers.empty()) {
      ObservedContainer orphan = any_of(state.containers);
      orphan.id = cat("orphan", std::to_string(++orphans_));
      orphan.name = orphan.service = "orphan";
      state.containers.push_back(orphan);
    }
  }

  UpOptions options(const Model& model) {
    UpOptions options;
    for (const auto& [name, service] : model.desired.project.services) {
      if (one_in(6)) options.targets.push_back(name);
      if (one_in(10)) options.scale[name] = replicas(model, service);
    }
    options.no_deps = one_in(4);
    options.remove_orphans = one_in(2);
    options.start = one_in(8) ? Start::no : Start::yes;
    options.recreate = one_in(6) ? Recreate::force : Recreate::diverged;
    options.recreate_dependencies = one_in(8);
    return options;
  }

  ObservedState run(const Plan& plan, const Desired& desired, ObservedState state,
                    bool no_deps = false) {
    FakeRunner runner{desired, state};
    runner.parents_may_be_down = no_deps;
    Execution execution{plan, static_cast<size_t>(below(4))};
    std::vector<NodeId> running;
    while (!execution.done()) {
      for (NodeId node : execution.take_ready()) running.push_back(node);
      std::swap(running[static_cast<size_t>(below(static_cast<int>(running.size())))],
                running.back());
      NodeId node = running.back();
      running.pop_back();
      std::visit(runner, plan.nodes[static_cast<size_t>(node)].action);
      execution.succeeded(node);
    }
    EXPECT_TRUE(execution.skipped().empty());
    return state;
  }

 private:
  /// What others join is never scaled to nothing: they could not start.
  int replicas(const Model& model, const spec::Service& service) {
    if (!service.container_name.empty()) return 1;
    for (const auto& [name, other] : model.desired.project.services) {
      auto parents = joined_services(other);
      if (std::ranges::count(parents, service.name) > 0) return 1 + below(3);
    }
    return below(4);
  }

  std::map<std::string, spec::Dependency> dependencies(const std::vector<std::string>& before) {
    std::map<std::string, spec::Dependency> dependencies;
    for (const std::string& name : before) {
      if (!one_in(3)) continue;
      auto condition = any_of<spec::DependsOnCondition>(
          {spec::DependsOnCondition::service_started, spec::DependsOnCondition::service_healthy,
           spec::DependsOnCondition::service_completed_successfully});
      dependencies[name] = {condition, one_in(3), !one_in(4)};
    }
    return dependencies;
  }

  void fill(spec::Service& service, const std::vector<std::string>& before) {
    if (one_in(3)) service.networks["back"];
    if (one_in(4)) service.volumes = {mount("data")};
    if (one_in(8)) service.container_name = "named-" + service.name;
    if (before.empty()) return;
    if (one_in(6)) service.network_mode = "service:" + any_of(before);
    if (one_in(8)) service.pid = "service:" + any_of(before);
    if (one_in(8)) service.volumes_from = {any_of(before)};
  }

  std::mt19937 random_;
  int orphans_ = 0;
};

/// For each node the nodes that precede it, however indirectly.
std::vector<std::vector<bool>> ancestors(const Plan& plan) {
  std::vector<std::vector<bool>> before(plan.nodes.size());
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    before[i].resize(plan.nodes.size());
    for (NodeId dep : plan.nodes[i].deps) {
      auto d = static_cast<size_t>(dep);
      before[i][d] = true;
      for (size_t k = 0; k < d; ++k) before[i][k] = before[i][k] || before[d][k];
    }
  }
  return before;
}

void expect_topological(const Plan& plan) {
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    EXPECT_EQ(plan.nodes[i].id, static_cast<NodeId>(i));
    for (NodeId dep : plan.nodes[i].deps) EXPECT_LT(dep, plan.nodes[i].id);
  }
}

template <typename Kind>
std::map<std::string, std::vector<size_t>> nodes_by_service(const Plan& plan) {
  std::map<std::string, std::vector<size_t>> nodes;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    if (const auto* action = std::get_if<Kind>(&plan.nodes[i].action)) {
      nodes[action->service].push_back(i);
    }
  }
  return nodes;
}

void expect_each_before_each(const Plan& plan, const std::vector<size_t>& first,
                             const std::vector<size_t>& second) {
  auto before = ancestors(plan);
  for (size_t a : first) {
    for (size_t b : second) EXPECT_TRUE(before[b][a]) << a << " before " << b;
  }
}

/// Starts follow, stops precede those of whatever a service depends on, through others too.
void expect_ordered(const Plan& plan, const ServiceGraph& graph) {
  auto starts = nodes_by_service<StartContainer>(plan);
  auto stops = nodes_by_service<StopContainer>(plan);
  for (size_t service = 0; service < graph.size(); ++service) {
    auto below = graph.closure({service});
    for (size_t needed = 0; needed < graph.size(); ++needed) {
      if (needed == service || !below[needed]) continue;
      expect_each_before_each(plan, starts[graph.name(needed)], starts[graph.name(service)]);
      expect_each_before_each(plan, stops[graph.name(service)], stops[graph.name(needed)]);
    }
  }
}

class Properties : public ::testing::TestWithParam<unsigned> {};

TEST_P(Properties, UpLeadsToWhereUpHasNothingToDo) {
  Generator generate{GetParam()};
  Model model = generate.model();
  ObservedState state = up(model);
  for (int round = 0; round < 3; ++round) {
    generate.disturb(model, state);
    UpOptions options = generate.options(model);
    Plan plan = plan_up(model.desired, state, options);
    SCOPED_TRACE(to_text(plan));
    expect_topological(plan);
    if (!options.no_deps) expect_ordered(plan, graph_of(model.desired.project));
    state = generate.run(plan, model.desired, state, options.no_deps);
    options.recreate = Recreate::diverged;
    options.recreate_dependencies = false;
    EXPECT_EQ(up_text(model, state, options), "");
    if (HasFailure()) return;
  }
}

TEST_P(Properties, DownLeavesNothing) {
  Generator generate{GetParam()};
  Model model = generate.model();
  ObservedState state = up(model);
  generate.disturb(model, state);
  Plan plan = plan_down(state, {.remove_volumes = true});
  SCOPED_TRACE(to_text(plan));
  expect_topological(plan);
  expect_ordered(plan, graph_of(state));
  state = generate.run(plan, model.desired, state);
  EXPECT_TRUE(state.containers.empty() && state.networks.empty() && state.volumes.empty());
}

TEST_P(Properties, StopAndStartAreMirrorsOfEachOther) {
  Generator generate{GetParam()};
  Model model = generate.model();
  ObservedState state = up(model);
  ServiceGraph graph = graph_of(state);
  Plan stop = plan_stop(state, {});
  expect_topological(stop);
  expect_ordered(stop, graph);
  state = generate.run(stop, model.desired, state);
  EXPECT_EQ(to_text(plan_stop(state, {})), "");
  Plan start = plan_start(state, {});
  SCOPED_TRACE(to_text(start));
  expect_topological(start);
  expect_ordered(start, graph);
  state = generate.run(start, model.desired, state);
  EXPECT_EQ(to_text(plan_start(state, {})), "");
  EXPECT_EQ(up_text(model, state), "");
}

INSTANTIATE_TEST_SUITE_P(Generated, Properties, ::testing::Range(0U, 400U));

}  // namespace
}  // namespace estiba::scheduler
