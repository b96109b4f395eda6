#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;
using Texts = std::vector<std::string>;

Model on_back_network() {
  Model model;
  model.network("back");
  model.service("db").networks = {{"back", {}}};
  model.service("web", {{"db", started()}}).networks = {{"back", {}}, {"default", {}}};
  return model;
}

TEST(ReconcileNetworks, MakesAChangedOneAnewBetweenOldAndNewContainers) {
  Model model = on_back_network();
  ObservedState state = up(model);
  model.desired.project.networks["back"].config_hash = "n2";
  EXPECT_EQ(up_text(model, state),
            "#0 [] stop container p-web-1  (network back changed)\n"
            "#1 [0] stop container p-db-1  (network back changed)\n"
            "#2 [0] remove container p-web-1  (network back changed)\n"
            "#3 [1] remove container p-db-1  (network back changed)\n"
            "#4 [2,3] remove network p_back  (network back changed)\n"
            "#5 [4] create network back  (network back changed)\n"
            "#6 [3,5] create container p-db-1  (network back changed)\n"
            "#7 [2,5] create container p-web-1  (network back changed)\n"
            "#8 [1,3,6] start container p-db-1  (network back changed)\n"
            "#9 [0,2,7,8] start container p-web-1  (network back changed)\n");
}

TEST(ReconcileNetworks, KeepsAChangedOneThatOthersAreOn) {
  Model model = on_back_network();
  ObservedState state = up(model);
  model.desired.project.networks["back"].config_hash = "n2";
  Plan plan = plan_up(model.desired, state, {.targets = {"db"}});
  EXPECT_EQ(to_text(plan), "");
  EXPECT_EQ(plan.warnings,
            Texts{"network p_back has changed, but p-web-1 is on it and is not part of this `up`; "
                  "the network stays as it is until that container is removed"});
}

TEST(ReconcileNetworks, KeepsAChangedOneWithNoRecreate) {
  Model model = on_back_network();
  ObservedState state = up(model);
  model.desired.project.networks["back"].config_hash = "n2";
  Plan plan = plan_up(model.desired, state, {.recreate = Recreate::never});
  EXPECT_EQ(to_text(plan), "");
  EXPECT_EQ(plan.warnings,
            Texts{"network p_back has changed; it stays as it is because of --no-recreate"});
}

TEST(ReconcileNetworks, AnOrphanThatGoesDoesNotHoldAChangedOne) {
  Model model = on_back_network();
  ObservedState state = up(model);
  model.desired.project.services.erase("web");
  model.desired.project.networks["back"].config_hash = "n2";
  EXPECT_EQ(up_text(model, state), "");
  EXPECT_EQ(up_text(model, state, {.remove_orphans = true, .start = Start::no}),
            "#0 [] stop container p-web-1  (the file has no service web)\n"
            "#1 [0] remove container p-web-1  (the file has no service web)\n"
            "#2 [] stop container p-db-1  (network back changed)\n"
            "#3 [2] remove container p-db-1  (network back changed)\n"
            "#4 [1,3] remove network p_back  (network back changed)\n"
            "#5 [4] create network back  (network back changed)\n"
            "#6 [3,5] create container p-db-1  (network back changed)\n");
}

TEST(ReconcileNetworks, JoinersOfWhatComesLateComeLate) {
  Model model = on_back_network();
  model.service("side").network_mode = "service:db";
  ObservedState state = up(model);
  model.desired.project.networks["back"].config_hash = "n2";
  ObservedState next = after(plan_up(model.desired, state, {}), model.desired, state);
  EXPECT_EQ(up_text(model, next), "");
  EXPECT_EQ(named(next, "p-side-1").joined_containers, Texts{named(next, "p-db-1").id});
}

TEST(ReconcileNetworks, OneThatWasRemovedIsMadeAgainForStoppedContainers) {
  Model model;
  model.service("db");
  ObservedState state = up(model);
  named(state, "p-db-1").state = ContainerState::exited;
  state.networks.clear();
  EXPECT_EQ(up_text(model, state),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] start container p-db-1  (exited with 0)\n");
}

TEST(ReconcileNetworks, ARunningContainerWhoseNetworkIsGoneIsRecreated) {
  Model model;
  model.service("db");
  ObservedState state = up(model);
  state.networks.clear();
  EXPECT_EQ(up_text(model, state, {.start = Start::no}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-db-1  (network default was gone)\n"
            "#2 [1] stop container p-db-1  (network default was gone)\n"
            "#3 [1,2] remove container p-db-1  (network default was gone)\n");
}

TEST(ReconcileNetworks, ExternalOnesAreNobodysToMake) {
  Model model;
  model.network("shared").external = true;
  model.service("db").networks = {{"shared", {}}};
  EXPECT_EQ(up_text(model, {}, {.start = Start::no}),
            "#0 [] create container p-db-1  (not created yet)\n");
}

TEST(ReconcileVolumes, KeepsAChangedOneAndSaysSo) {
  Model model;
  model.volume("data");
  model.service("db").volumes = {mount("data")};
  ObservedState state = up(model);
  model.desired.project.volumes["data"].config_hash = "v2";
  Plan plan = plan_up(model.desired, state, {});
  EXPECT_EQ(to_text(plan), "");
  EXPECT_EQ(plan.warnings,
            Texts{"volume p_data has changed in the file; it is kept as it is, since its data "
                  "would be lost; remove it to have it made anew"});
}

TEST(Scale, UsesTheLowestFreeNumbers) {
  Model model;
  model.service("web").replicas = 3;
  ObservedState state = up(model);
  std::erase_if(state.containers, [](const auto& c) { return c.number != 2; });
  EXPECT_EQ(up_text(model, state, {.start = Start::no}),
            "#0 [] create container p-web-1  (scale 1 -> 3)\n"
            "#1 [] create container p-web-3  (scale 1 -> 3)\n");
}

TEST(Scale, RemovesTheHighestNumbersFirst) {
  Model model;
  model.service("web").replicas = 3;
  ObservedState state = up(model);
  EXPECT_EQ(up_text(model, state, {.scale = {{"web", 1}}}),
            "#0 [] stop container p-web-3  (scale 3 -> 1)\n"
            "#1 [] stop container p-web-2  (scale 3 -> 1)\n"
            "#2 [0] remove container p-web-3  (scale 3 -> 1)\n"
            "#3 [1] remove container p-web-2  (scale 3 -> 1)\n");
}

TEST(Scale, RemovesObsoleteContainersBeforeHighNumbers) {
  Model model;
  model.service("web").replicas = 3;
  ObservedState state = up(model);
  named(state, "p-web-1").config_hash = "h0";
  EXPECT_EQ(up_text(model, state, {.scale = {{"web", 2}}}),
            "#0 [] stop container p-web-1  (scale 3 -> 2)\n"
            "#1 [0] remove container p-web-1  (scale 3 -> 2)\n");
}

TEST(Scale, ToNothingNeitherStartsNorWaits) {
  Model model;
  model.service("db");
  model.service("web", {{"db", healthy()}});
  EXPECT_EQ(up_text(model, {}, {.scale = {{"db", 0}}, .wait = Wait::running_or_healthy}),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container p-web-1  (not created yet)\n"
            "#2 [1] start container p-web-1  (not created yet)\n"
            "#3 [2] wait for web healthy  (--wait)\n");
}

TEST(Scale, IgnoresOneOffContainers) {
  Model model;
  model.service("web");
  ObservedState state = up(model);
  ObservedContainer one_off = state.containers.front();
  one_off.id = "run";
  one_off.name = "p-web-run-0123456789ab";
  one_off.one_off = true;
  one_off.config_hash = "other";
  state.containers.push_back(one_off);
  EXPECT_EQ(up_text(model, state), "");
}

TEST(Scale, KeepsTheBetterOfTwoWithOneNumber) {
  Model model;
  model.service("web");
  ObservedState state = up(model);
  ObservedContainer old = state.containers.front();
  old.id = "a-old";
  old.name = "p-web-1-old";
  old.config_hash = "h0";
  state.containers.push_back(old);
  EXPECT_EQ(up_text(model, state),
            "#0 [] stop container p-web-1-old  (a second web number 1)\n"
            "#1 [0] remove container p-web-1-old  (a second web number 1)\n");
}

TEST(Scale, RefusesTwoContainersWithOneName) {
  Model model;
  model.service("web").container_name = "site";
  try {
    plan_up(model.desired, {}, {.scale = {{"web", 2}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "cannot run 2 containers of service \"web\": only one can be named \"site\"; remove "
              "its container_name");
  }
}

TEST(Orphans, AreServicesThatTheFileDoesNotKnowAtAll) {
  Model model;
  model.service("web");
  model.service("tools");
  model.service("old", {{"web", started()}});
  ObservedState state = up(model);
  auto& project = model.desired.project;
  project.disabled_services.insert(project.services.extract("tools"));
  project.services.erase("old");
  EXPECT_EQ(orphans(project, state), Texts{"old"});
  EXPECT_EQ(up_text(model, state), "");
  EXPECT_EQ(up_text(model, state, {.remove_orphans = true}),
            "#0 [] stop container p-old-1  (the file has no service old)\n"
            "#1 [0] remove container p-old-1  (the file has no service old)\n");
}

TEST(Orphans, OneOffContainersAreOnesWhenTheyHaveEnded) {
  Model model;
  model.service("web");
  ObservedState state = up(model);
  for (const char* name : {"run-a", "run-b"}) {
    ObservedContainer one_off = state.containers.front();
    one_off.id = one_off.name = name;
    one_off.one_off = true;
    state.containers.push_back(one_off);
  }
  named(state, "run-a").state = ContainerState::exited;
  EXPECT_TRUE(orphans(model.desired.project, state).empty());
  EXPECT_EQ(up_text(model, state, {.remove_orphans = true}),
            "#0 [] remove container run-a  (a one-off container that has ended)\n");
}

}  // namespace
}  // namespace estiba::scheduler
