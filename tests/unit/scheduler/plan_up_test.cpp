#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;

/// web → api → db, with a condition each.
Model chain() {
  Model model;
  model.service("web", {{"api", started()}});
  model.service("api", {{"db", healthy()}});
  model.service("db");
  return model;
}

TEST(PlanUp, CreatesAtOnceAndStartsInOrder) {
  EXPECT_EQ(up_text(chain(), {}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-db-1  (not created yet)\n"
            "#2 [0] create container p-api-1  (not created yet)\n"
            "#3 [0] create container p-web-1  (not created yet)\n"
            "#4 [1] start container p-db-1  (not created yet)\n"
            "#5 [4] wait for db healthy  (api depends on it)\n"
            "#6 [2,5] start container p-api-1  (not created yet)\n"
            "#7 [3,6] start container p-web-1  (not created yet)\n");
}

TEST(PlanUp, OfWhatRunsIsEmpty) { EXPECT_EQ(up_text(chain(), up(chain())), ""); }

TEST(PlanUp, RefersToNewContainersByName) {
  Model model;
  model.service("db").container_name = "store";
  Plan plan = plan_up(model.desired, {}, {});
  EXPECT_EQ(std::get<CreateContainer>(plan.nodes[1].action).name, "store");
  EXPECT_EQ(std::get<StartContainer>(plan.nodes[2].action).container, "=store");
}

TEST(PlanUp, TakesOnlyWhatTheTargetsNeed) {
  Model model = chain();
  model.network("back");
  model.network("front");
  model["db"].networks = {{"back", {}}};
  model["web"].networks = {{"front", {}}};
  model.volume("data");
  model["db"].volumes = {mount("data")};
  EXPECT_EQ(up_text(model, {}, {.targets = {"db"}}),
            "#0 [] create network back  (not created yet)\n"
            "#1 [] create volume data  (not created yet)\n"
            "#2 [0,1] create container p-db-1  (not created yet)\n"
            "#3 [2] start container p-db-1  (not created yet)\n");
}

TEST(PlanUp, NoDepsLeavesDependenciesAndTheirConditionsAlone) {
  EXPECT_EQ(up_text(chain(), {}, {.targets = {"api"}, .no_deps = true}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-api-1  (not created yet)\n"
            "#2 [1] start container p-api-1  (not created yet)\n");
}

TEST(PlanUp, AServiceWithoutNetworksIsOnTheDefaultOne) {
  Model model;
  model.service("web").networks.clear();
  model.service("host").network_mode = "host";
  model["host"].networks.clear();
  model.desired.project.networks.clear();
  EXPECT_EQ(up_text(model, {}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [] create container p-host-1  (not created yet)\n"
            "#2 [0] create container p-web-1  (not created yet)\n"
            "#3 [1] start container p-host-1  (not created yet)\n"
            "#4 [2] start container p-web-1  (not created yet)\n");
}

TEST(PlanUp, NoStartOnlyCreates) {
  EXPECT_EQ(up_text(chain(), {}, {.targets = {"db"}, .start = Start::no}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-db-1  (not created yet)\n");
}

TEST(PlanUp, StartsWhatWasOnlyCreated) {
  Model model;
  model.service("db");
  EXPECT_EQ(up_text(model, up(model, {.start = Start::no})),
            "#0 [] start container p-db-1  (created, not started)\n");
}

TEST(PlanUp, StartsFinishedOneShotsAgainAndWaitsForThem) {
  Model model;
  model.service("migrate");
  model.service("web", {{"migrate", completed()}});
  ObservedState state = up(model);
  named(state, "p-migrate-1").state = ContainerState::exited;
  EXPECT_EQ(up_text(model, state),
            "#0 [] start container p-migrate-1  (exited with 0)\n"
            "#1 [0] wait for migrate completed  (web depends on it)\n");
}

TEST(PlanUp, WaitsAgainForADependencyThatIsUp) {
  Model model = chain();
  ObservedState state = up(model);
  named(state, "p-api-1").state = ContainerState::exited;
  named(state, "p-api-1").exit_code = 3;
  EXPECT_EQ(up_text(model, state),
            "#0 [] wait for db healthy  (api depends on it)\n"
            "#1 [0] start container p-api-1  (exited with 3)\n");
}

TEST(PlanUp, PassesTheOrderOnThroughAServiceThatRuns) {
  Model model = chain();
  ObservedState state = up(model);
  named(state, "p-db-1").state = ContainerState::exited;
  named(state, "p-web-1").state = ContainerState::exited;
  EXPECT_EQ(up_text(model, state),
            "#0 [] start container p-db-1  (exited with 0)\n"
            "#1 [0] wait for db healthy  (api depends on it)\n"
            "#2 [1] start container p-web-1  (exited with 0)\n");
}

TEST(PlanUp, LeavesPausedAndRestartingContainersAlone) {
  Model model = chain();
  ObservedState state = up(model);
  named(state, "p-db-1").state = ContainerState::paused;
  named(state, "p-api-1").state = ContainerState::restarting;
  EXPECT_EQ(up_text(model, state), "");
}

TEST(PlanUp, DropsADependencyThatIsNotRequiredAndNotThere) {
  Model model;
  model.service("web", {{"cache", not_required(spec::DependsOnCondition::service_healthy)}});
  EXPECT_EQ(up_text(model, {}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-web-1  (not created yet)\n"
            "#2 [1] start container p-web-1  (not created yet)\n");
}

TEST(PlanUp, AWaitForADependencyThatIsNotRequiredIsNotFatal) {
  Model model;
  model.service("cache");
  model.service("web", {{"cache", not_required(spec::DependsOnCondition::service_started)}});
  Plan plan = plan_up(model.desired, {}, {});
  EXPECT_EQ(to_text(plan),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-cache-1  (not created yet)\n"
            "#2 [0] create container p-web-1  (not created yet)\n"
            "#3 [1] start container p-cache-1  (not created yet)\n"
            "#4 [3] wait for cache started, if it can be  (web depends on it)\n"
            "#5 [2,4] start container p-web-1  (not created yet)\n");
}

TEST(PlanUp, WaitAwaitsOneShotsAsCompletedAndTheRestAsHealthy) {
  Model model;
  model.service("migrate");
  model.service("web", {{"migrate", completed()}});
  Plan plan = plan_up(model.desired, up(model), {.wait = Wait::running_or_healthy});
  EXPECT_EQ(to_text(plan),
            "#0 [] wait for migrate completed  (--wait)\n"
            "#1 [] wait for web healthy  (--wait)\n");
  EXPECT_EQ(std::get<WaitFor>(plan.nodes[0].action).waiter, "");
}

TEST(PlanUp, LinksAndSharedNamespacesOrderLikeDependencies) {
  Model model;
  model.service("vpn");
  model.service("app").network_mode = "service:vpn";
  model.service("web").links = {"app:backend"};
  EXPECT_EQ(up_text(model, {}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-vpn-1  (not created yet)\n"
            "#2 [1] create container p-app-1  (not created yet)\n"
            "#3 [0] create container p-web-1  (not created yet)\n"
            "#4 [1] start container p-vpn-1  (not created yet)\n"
            "#5 [2,4] start container p-app-1  (not created yet)\n"
            "#6 [3,5] start container p-web-1  (not created yet)\n");
}

TEST(PlanUp, NamesAServiceThatDoesNotExist) {
  try {
    plan_up(chain().desired, {}, {.targets = {"wep"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "no such service: wep");
  }
}

TEST(MissingExternals, ListsOnlyWhatTheTargetsNeed) {
  Model model = chain();
  model.network("shared").external = true;
  model.network("other").external = true;
  model.volume("data").external = true;
  model["db"].networks = {{"shared", {}}};
  model["db"].volumes = {mount("data")};
  model["web"].networks = {{"other", {}}};
  auto missing = missing_externals(model.desired, {}, {.targets = {"api"}});
  using Kind = MissingExternal::Kind;
  EXPECT_EQ(missing, (std::vector<MissingExternal>{{Kind::network, "shared", "p_shared"},
                                                   {Kind::volume, "data", "p_data"}}));
  ObservedState state;
  state.networks = {{"", "p_shared", ""}};
  state.volumes = {{"", "p_data", ""}};
  EXPECT_TRUE(missing_externals(model.desired, state, {.targets = {"api"}}).empty());
}

}  // namespace
}  // namespace estiba::scheduler
