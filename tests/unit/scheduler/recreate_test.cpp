#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;

Model pair(const spec::Dependency& dependency) {
  Model model;
  model.service("db");
  model.service("web", {{"db", dependency}});
  return model;
}

TEST(Recreate, MakesTheNewContainerBeforeTheOldOneGoes) {
  Model model = pair(healthy());
  ObservedState state = up(model);
  std::string old = named(state, "p-web-1").id;
  model["web"].config_hash = "h2";
  Plan plan = plan_up(model.desired, state, {});
  EXPECT_EQ(to_text(plan),
            "#0 [] create container p-web-1  (configuration changed)\n"
            "#1 [0] stop container p-web-1  (configuration changed)\n"
            "#2 [0,1] remove container p-web-1  (configuration changed)\n"
            "#3 [] wait for db healthy  (web depends on it)\n"
            "#4 [0,1,2,3] start container p-web-1  (configuration changed)\n");
  EXPECT_EQ(std::get<CreateContainer>(plan.nodes[0].action).replaces, old);
  EXPECT_EQ(std::get<StopContainer>(plan.nodes[1].action).container, old);
  EXPECT_EQ(std::get<RemoveContainer>(plan.nodes[2].action).successor, "p-web-1");
  EXPECT_EQ(std::get<StartContainer>(plan.nodes[4].action).container, "=p-web-1");
}

TEST(Recreate, DoesNotStopWhatDoesNotRun) {
  Model model;
  model.service("web");
  ObservedState state = up(model, {.start = Start::no});
  model.desired.image_ids["web"] = "sha256:2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] create container p-web-1  (image changed)\n"
            "#1 [0] remove container p-web-1  (image changed)\n"
            "#2 [0,1] start container p-web-1  (image changed)\n");
}

TEST(Recreate, LeavesDependentsRunning) {
  Model model = pair(started());
  ObservedState state = up(model);
  model["db"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] create container p-db-1  (configuration changed)\n"
            "#1 [0] stop container p-db-1  (configuration changed)\n"
            "#2 [0,1] remove container p-db-1  (configuration changed)\n"
            "#3 [0,1,2] start container p-db-1  (configuration changed)\n");
}

TEST(Recreate, RestartsDependentsThatAskForIt) {
  Model model = pair(restarting());
  ObservedState state = up(model);
  model["db"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] create container p-db-1  (configuration changed)\n"
            "#1 [] stop container p-web-1  (db is recreated)\n"
            "#2 [0,1] stop container p-db-1  (configuration changed)\n"
            "#3 [0,2] remove container p-db-1  (configuration changed)\n"
            "#4 [0,2,3] start container p-db-1  (configuration changed)\n"
            "#5 [1,4] start container p-web-1  (db is recreated)\n");
}

TEST(Recreate, RestartsNobodyWithNoStart) {
  Model model = pair(restarting());
  ObservedState state = up(model);
  model["db"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state, {.start = Start::no}),
            "#0 [] create container p-db-1  (configuration changed)\n"
            "#1 [0] stop container p-db-1  (configuration changed)\n"
            "#2 [0,1] remove container p-db-1  (configuration changed)\n");
}

TEST(Recreate, TakesContainersAlongThatShareNamespaces) {
  Model model;
  model.service("vpn");
  model.service("app").network_mode = "service:vpn";
  ObservedState state = up(model);
  model["vpn"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] create container p-vpn-1  (configuration changed)\n"
            "#1 [0] create container p-app-1  (vpn is a new container)\n"
            "#2 [1] stop container p-app-1  (vpn is a new container)\n"
            "#3 [0,2] stop container p-vpn-1  (configuration changed)\n"
            "#4 [1,2] remove container p-app-1  (vpn is a new container)\n"
            "#5 [0,3] remove container p-vpn-1  (configuration changed)\n"
            "#6 [0,3,5] start container p-vpn-1  (configuration changed)\n"
            "#7 [1,2,4,6] start container p-app-1  (vpn is a new container)\n");
}

TEST(Recreate, SeesThatTheJoinedContainerIsAnotherOne) {
  Model model;
  model.service("vpn");
  model.service("app").ipc = "service:vpn";
  ObservedState state = up(model);
  named(state, "p-app-1").joined_containers = {"long gone"};
  EXPECT_EQ(up_text(model, state, {.start = Start::no}),
            "#0 [] create container p-app-1  (vpn is a new container)\n"
            "#1 [0] stop container p-app-1  (vpn is a new container)\n"
            "#2 [0,1] remove container p-app-1  (vpn is a new container)\n");
  EXPECT_NE(up_text(model, state, {.targets = {"app"}, .no_deps = true}), "");
}

TEST(Recreate, RestartsContainersThatShareNamespacesWithOneThatStartsAnew) {
  Model model;
  model.service("vpn");
  model.service("app").pid = "service:vpn";
  ObservedState state = up(model);
  named(state, "p-vpn-1").state = ContainerState::exited;
  EXPECT_EQ(up_text(model, state),
            "#0 [] stop container p-app-1  (vpn is restarted)\n"
            "#1 [] start container p-vpn-1  (exited with 0)\n"
            "#2 [0,1] start container p-app-1  (vpn is restarted)\n");
}

TEST(Recreate, LeavesWhatSharedNamespacesWithAServiceScaledToNothing) {
  Model model;
  model.service("vpn");
  model.service("app").network_mode = "service:vpn";
  ObservedState state = up(model);
  EXPECT_EQ(up_text(model, state, {.scale = {{"vpn", 0}}}),
            "#0 [] stop container p-vpn-1  (scale 1 -> 0)\n"
            "#1 [0] remove container p-vpn-1  (scale 1 -> 0)\n");
}

TEST(Recreate, FollowsVolumesFrom) {
  Model model;
  model.service("data");
  model.service("app").volumes_from = {"data:ro", "container:other"};
  ObservedState state = up(model);
  model["data"].config_hash = "h2";
  Plan plan = plan_up(model.desired, state, {.start = Start::no});
  EXPECT_EQ(plan.nodes[1].cause, "data is a new container");
  EXPECT_EQ(plan.nodes.size(), 6U);
}

TEST(Recreate, ForceTakesTheTargetsOnly) {
  Model model = pair(started());
  ObservedState state = up(model);
  EXPECT_EQ(up_text(model, state, {.targets = {"web"}, .recreate = Recreate::force}),
            "#0 [] create container p-web-1  (forced)\n"
            "#1 [0] stop container p-web-1  (forced)\n"
            "#2 [0,1] remove container p-web-1  (forced)\n"
            "#3 [0,1,2] start container p-web-1  (forced)\n");
}

TEST(Recreate, AlwaysRecreateDepsTakesTheDependenciesOnly) {
  Model model = pair(started());
  ObservedState state = up(model);
  Plan plan = plan_up(model.desired, state, {.targets = {"web"}, .recreate_dependencies = true});
  ASSERT_EQ(plan.nodes.size(), 4U);
  EXPECT_EQ(describe(plan.nodes[0].action), "create container p-db-1");
}

TEST(Recreate, NeverMeansNever) {
  Model model = pair(started());
  ObservedState state = up(model);
  model["web"].config_hash = "h2";
  model.desired.image_ids["db"] = "sha256:2";
  EXPECT_EQ(up_text(model, state, {.recreate = Recreate::never}), "");
}

TEST(Recreate, ADeadContainerIsOfNoUse) {
  Model model;
  model.service("web");
  ObservedState state = up(model);
  named(state, "p-web-1").state = ContainerState::dead;
  EXPECT_EQ(up_text(model, state, {.recreate = Recreate::never}),
            "#0 [] create container p-web-1  (dead)\n"
            "#1 [0] remove container p-web-1  (dead)\n"
            "#2 [0,1] start container p-web-1  (dead)\n");
}

TEST(Recreate, NamesTheNetworkOrVolumeThatIsMissing) {
  Model model;
  model.service("web");
  model.volume("data");
  ObservedState state = up(model);
  model["web"].volumes = {mount("data")};
  state.volumes = {{"data", "p_data", "v1"}};
  EXPECT_EQ(plan_up(model.desired, state, {}).nodes.at(0).cause, "volume data not mounted");
  model.network("back");
  state.networks.push_back({"back", "p_back", "n1"});
  model["web"].networks["back"];
  EXPECT_EQ(plan_up(model.desired, state, {}).nodes.at(0).cause, "not on network back");
}

TEST(Recreate, WaitsForAHostPortThatPassesOn) {
  Model model;
  model.service("new").ports = {{.name = "",
                                 .host_ip = "",
                                 .target = 80,
                                 .published = "8080-8081",
                                 .mode = "",
                                 .app_protocol = ""}};
  model.service("old");
  ObservedState state = up(model);
  std::erase_if(state.containers, [](const auto& c) { return c.service == "new"; });
  named(state, "p-old-1").published = {"8081/tcp"};
  model["old"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] create container p-new-1  (not created yet)\n"
            "#1 [] create container p-old-1  (configuration changed)\n"
            "#2 [1] stop container p-old-1  (configuration changed)\n"
            "#3 [1,2] remove container p-old-1  (configuration changed)\n"
            "#4 [0,2] start container p-new-1  (not created yet)\n"
            "#5 [1,2,3] start container p-old-1  (configuration changed)\n");
}

TEST(Recreate, FreesAContainerNameBeforeAnotherServiceTakesIt) {
  Model model;
  model.service("a").container_name = "x";
  model.service("b").container_name = "y";
  ObservedState state = up(model);
  model["a"].container_name = "y";
  model["b"].container_name = "x";
  model["a"].config_hash = model["b"].config_hash = "h2";
  EXPECT_EQ(up_text(model, state, {.start = Start::no}),
            "#0 [] stop container y  (configuration changed)\n"
            "#1 [] stop container x  (configuration changed)\n"
            "#2 [0] remove container y  (configuration changed)\n"
            "#3 [1] remove container x  (configuration changed)\n"
            "#4 [2,3] create container y  (configuration changed)\n"
            "#5 [2,3] create container x  (configuration changed)\n");
}

}  // namespace
}  // namespace estiba::scheduler
