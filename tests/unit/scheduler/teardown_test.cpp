#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;

/// web and worker depend on db.
Model stack() {
  Model model;
  model.volume("data");
  model.service("db").volumes = {mount("data")};
  model.service("web", {{"db", healthy()}});
  model.service("worker", {{"db", started()}});
  return model;
}

ObservedContainer one_off(ObservedState& state, const std::string& like) {
  ObservedContainer container = named(state, like);
  container.id = container.name = "run";
  container.one_off = true;
  return container;
}

TEST(PlanDown, StopsDependentsFirstAndLeavesVolumes) {
  EXPECT_EQ(to_text(plan_down(up(stack()), {})),
            "#0 [] stop container p-worker-1  (down)\n"
            "#1 [] stop container p-web-1  (down)\n"
            "#2 [0,1] stop container p-db-1  (down)\n"
            "#3 [0] remove container p-worker-1  (down)\n"
            "#4 [1] remove container p-web-1  (down)\n"
            "#5 [2] remove container p-db-1  (down)\n"
            "#6 [3,4,5] remove network p_default  (down)\n");
}

TEST(PlanDown, TakesVolumesIfAsked) {
  Plan plan = plan_down(up(stack()), {.remove_volumes = true});
  ASSERT_EQ(plan.nodes.size(), 8U);
  EXPECT_EQ(describe(plan.nodes[7].action), "remove volume p_data");
  EXPECT_EQ(plan.nodes[7].deps, (std::vector<NodeId>{5}));
}

TEST(PlanDown, OfNothingIsEmpty) { EXPECT_EQ(to_text(plan_down({}, {})), ""); }

TEST(PlanDown, OnlyRemovesWhatHasStopped) {
  ObservedState state = up(stack());
  for (auto& container : state.containers) container.state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_down(state, {.targets = {"db"}})),
            "#0 [] remove container p-db-1  (down)\n");
}

TEST(PlanDown, ATargetTakesAlongWhatOnlyItHad) {
  Model model = stack();
  model.network("front");
  model.network("unused");
  model["web"].networks["front"];
  ObservedState state = up(model);
  state.networks.push_back({"unused", "p_unused", "n1"});
  EXPECT_EQ(to_text(plan_down(state, {.targets = {"web"}, .remove_volumes = true})),
            "#0 [] stop container p-web-1  (down)\n"
            "#1 [0] remove container p-web-1  (down)\n"
            "#2 [1] remove network p_front  (down)\n");
}

TEST(PlanDown, LeavesOneOffContainersAndTheirNetworks) {
  Model model = stack();
  ObservedState state = up(model);
  state.containers.push_back(one_off(state, "p-web-1"));
  for (const auto& options : {DownOptions{}, DownOptions{.remove_orphans = true},
                              DownOptions{.project = model.desired.project}}) {
    std::string text = to_text(plan_down(state, options));
    EXPECT_EQ(text.find("run"), text.npos) << text;
    EXPECT_EQ(text.find("network"), text.npos) << text;
  }
}

TEST(PlanDown, EndsOneOffContainersWithAFileAndRemoveOrphans) {
  Model model = stack();
  ObservedState state = up(model);
  state.containers.push_back(one_off(state, "p-web-1"));
  std::string text =
      to_text(plan_down(state, {.remove_orphans = true, .project = model.desired.project}));
  EXPECT_NE(text.find("stop container run  (a one-off container)"), text.npos) << text;
  EXPECT_NE(text.find("remove network p_default"), text.npos) << text;
}

TEST(PlanDown, WithAFileLeavesOrphansUnlessAsked) {
  Model model = stack();
  ObservedState state = up(model);
  model.desired.project.services.erase("worker");
  EXPECT_EQ(to_text(plan_down(state, {.project = model.desired.project})),
            "#0 [] stop container p-web-1  (down)\n"
            "#1 [0] stop container p-db-1  (down)\n"
            "#2 [0] remove container p-web-1  (down)\n"
            "#3 [1] remove container p-db-1  (down)\n");
  std::string text =
      to_text(plan_down(state, {.remove_orphans = true, .project = model.desired.project}));
  EXPECT_NE(text.find("stop container p-worker-1  (the file has no such service)"), text.npos);
}

TEST(PlanDown, NeverTakesWhatIsExternal) {
  Model model = stack();
  ObservedState state = up(model);
  model.desired.project.networks["default"].external = true;
  model.desired.project.volumes["data"].external = true;
  std::string text =
      to_text(plan_down(state, {.remove_volumes = true, .project = model.desired.project}));
  EXPECT_EQ(text.find("network"), text.npos) << text;
  EXPECT_EQ(text.find("volume"), text.npos) << text;
}

TEST(PlanDown, WorksWhereLabelsFormACycle) {
  ObservedState state = up(stack());
  named(state, "p-db-1").depends_on = {{"web"}};
  EXPECT_EQ(plan_down(state, {}).nodes.size(), 7U);
}

TEST(PlanStop, StopsDependentsFirst) {
  EXPECT_EQ(to_text(plan_stop(up(stack()), {})),
            "#0 [] stop container p-worker-1\n"
            "#1 [] stop container p-web-1\n"
            "#2 [0,1] stop container p-db-1\n");
}

TEST(PlanStop, StopsOnlyTheTargetsThatRun) {
  ObservedState state = up(stack());
  named(state, "p-web-1").state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_stop(state, {"db", "web", "unknown"})), "#0 [] stop container p-db-1\n");
}

TEST(PlanStart, StartsDependenciesWithTheirConditions) {
  ObservedState state = up(stack());
  for (auto& container : state.containers) container.state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_start(state, {"web"})),
            "#0 [] start container p-db-1\n"
            "#1 [0] wait for db healthy  (web depends on it)\n"
            "#2 [1] start container p-web-1\n");
}

TEST(PlanStart, WaitsForAllWhenAsked) {
  ObservedState state = up(stack());
  named(state, "p-web-1").state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_start(state, {"web"}, Wait::running_or_healthy)),
            "#0 [] wait for db healthy  (web depends on it)\n"
            "#1 [0] start container p-web-1\n"
            "#2 [] wait for db healthy  (--wait)\n"
            "#3 [1] wait for web healthy  (--wait)\n");
}

TEST(PlanStart, OfWhatRunsIsEmpty) { EXPECT_EQ(to_text(plan_start(up(stack()), {})), ""); }

TEST(PlanStart, IgnoresDependenciesThatHaveNoContainer) {
  ObservedState state = up(stack());
  std::erase_if(state.containers, [](const auto& c) { return c.service == "db"; });
  named(state, "p-web-1").state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_start(state, {})), "#0 [] start container p-web-1\n");
}

/// web restarts with api, api with db; worker does not.
ObservedState restarting_stack() {
  Model model;
  model.service("db");
  model.service("api", {{"db", {spec::DependsOnCondition::service_healthy, true}}});
  model.service("web", {{"api", restarting()}});
  model.service("worker", {{"db", started()}});
  return up(model);
}

TEST(PlanRestart, TakesAlongTheDependentsThatAskForIt) {
  EXPECT_EQ(to_text(plan_restart(restarting_stack(), {"db"})),
            "#0 [] stop container p-web-1\n"
            "#1 [0] stop container p-api-1\n"
            "#2 [1] stop container p-db-1\n"
            "#3 [2] start container p-db-1\n"
            "#4 [3] wait for db healthy  (api depends on it)\n"
            "#5 [1,4] start container p-api-1\n"
            "#6 [0,5] start container p-web-1\n");
}

TEST(PlanRestart, CanLeaveDependentsAlone) {
  EXPECT_EQ(to_text(plan_restart(restarting_stack(), {"db"}, Dependents::leave)),
            "#0 [] stop container p-db-1\n"
            "#1 [0] start container p-db-1\n");
}

TEST(PlanRestart, LeavesWhatTheTargetDependsOn) {
  ObservedState state = restarting_stack();
  named(state, "p-db-1").state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_restart(state, {"worker"})),
            "#0 [] stop container p-worker-1\n"
            "#1 [0] start container p-worker-1\n");
}

TEST(PlanRestart, StartsWhatDoesNotRun) {
  ObservedState state = restarting_stack();
  named(state, "p-worker-1").state = ContainerState::exited;
  EXPECT_EQ(to_text(plan_restart(state, {"worker"})), "#0 [] start container p-worker-1\n");
}

TEST(PlanRestart, TakesAlongWhatSharesNamespaces) {
  Model model;
  model.service("vpn");
  model.service("app").network_mode = "service:vpn";
  EXPECT_EQ(to_text(plan_restart(up(model), {"vpn"})),
            "#0 [] stop container p-app-1\n"
            "#1 [0] stop container p-vpn-1\n"
            "#2 [1] start container p-vpn-1\n"
            "#3 [0,2] start container p-app-1\n");
}

}  // namespace
}  // namespace estiba::scheduler
