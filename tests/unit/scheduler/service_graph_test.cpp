#include "scheduler/service_graph.hpp"

#include <gtest/gtest.h>

#include "model.hpp"

namespace estiba::scheduler {
namespace {

using namespace testing;
using Names = std::vector<std::string>;

TEST(SelectServices, TakesDependenciesAlongFirst) {
  Model model;
  model.service("a", {{"z", started()}});
  model.service("m");
  model.service("y");
  model.service("z", {{"y", started()}});
  EXPECT_EQ(select_services(model.desired.project, {"a"}, false), (Names{"y", "z", "a"}));
  EXPECT_EQ(select_services(model.desired.project, {"a"}, true), (Names{"a"}));
  EXPECT_EQ(select_services(model.desired.project, {}, false), (Names{"y", "z", "a", "m"}));
}

TEST(FindCycle, PrintsTheWholePath) {
  Model model;
  model.service("a", {{"b", started()}});
  model.service("b", {{"c", started()}});
  model.service("c", {{"b", started()}});
  EXPECT_EQ(find_cycle(model.desired.project), "b -> c -> b");
}

TEST(FindCycle, SeesAServiceThatDependsOnItself) {
  Model model;
  model.service("a", {{"a", started()}});
  EXPECT_EQ(find_cycle(model.desired.project), "a -> a");
}

TEST(FindCycle, SeesSharedNamespaces) {
  Model model;
  model.service("a").network_mode = "service:b";
  model.service("b").volumes_from = {"a:ro"};
  EXPECT_EQ(find_cycle(model.desired.project), "a -> b -> a");
}

TEST(FindCycle, FindsNoneInADiamond) {
  Model model;
  model.service("a", {{"b", started()}, {"c", started()}});
  model.service("b", {{"d", started()}});
  model.service("c", {{"d", started()}});
  model.service("d");
  EXPECT_FALSE(find_cycle(model.desired.project));
}

TEST(ServiceGraph, OrdersWhatItCanInACycle) {
  ServiceGraph graph{{{"a", {"b"}}, {"b", {"a"}}, {"c", {"a"}}}};
  EXPECT_EQ(graph.order(), (std::vector<size_t>{1, 0, 2}));
}

TEST(DependsOnLabel, IsReadAsItIsWritten) {
  Model model;
  auto& web = model.service("web", {{"db", {spec::DependsOnCondition::service_healthy, true}}});
  web.network_mode = "service:vpn";
  EXPECT_EQ(depends_on_label(web), "db:service_healthy:true,vpn:service_started:false");
  auto read = parse_depends_on_label(depends_on_label(web));
  EXPECT_EQ(read, (std::vector<ObservedDependency>{
                      {"db", spec::DependsOnCondition::service_healthy, true}, {"vpn"}}));
  EXPECT_TRUE(parse_depends_on_label("").empty());
  EXPECT_EQ(parse_depends_on_label("a,b:strange:x,").size(), 2U);
}

}  // namespace
}  // namespace estiba::scheduler
