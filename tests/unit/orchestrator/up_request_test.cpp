#include "orchestrator/cli/up_request.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "orchestrator/cli/foreground.hpp"
#include "orchestrator/cli/process_list.hpp"

namespace estiba::orchestrator {
namespace {

using Set = std::set<std::string>;

Arguments given(const std::vector<std::pair<std::string, std::string>>& flags) {
  Arguments arguments;
  for (const auto& [flag, value] : flags) arguments.add(flag, value);
  return arguments;
}

TEST(Contradiction, IsFoundInPairs) {
  EXPECT_EQ(contradiction(given({{"build", "true"}, {"no-build", "true"}})),
            "--build and --no-build are incompatible");
  EXPECT_EQ(contradiction(given({{"attach", "web"}, {"attach-dependencies", "true"}})),
            "cannot combine --attach and --attach-dependencies");
  EXPECT_EQ(contradiction(given({{"wait", "true"}, {"abort-on-container-exit", "true"}})),
            "--wait cannot be combined with --abort-on-container-exit, --attach or "
            "--attach-dependencies");
  EXPECT_TRUE(contradiction(given({{"wait-timeout", "-3"}})));
}

TEST(Contradiction, ASwitchTurnedOffIsNone) {
  EXPECT_FALSE(contradiction(given({{"build", "false"}, {"no-build", "true"}})));
}

TEST(Scales, AreServiceAndNumber) {
  EXPECT_EQ(parse_scales({"web=3", "db=0"}, "bad"),
            (std::map<std::string, int64_t>{{"db", 0}, {"web", 3}}));
  for (const char* wrong : {"web", "web=", "web=x", "=3", "web=-1"})
    EXPECT_THROW(parse_scales({wrong}, "bad"), Error) << wrong;
}

spec::Project shop() {
  spec::Project project;
  project.name = "shop";
  for (const char* name : {"web", "db", "side"}) project.services[name].name = name;
  project.services["web"].depends_on["db"] = {};
  project.services["db"].replicas = 2;
  project.services["side"].attach = false;
  return project;
}

TEST(AttachedServices, AreThoseNamedOrAllThatWantIt) {
  Arguments all;
  EXPECT_EQ(attached_services(all, shop()), (Set{"db", "web"}));
  Arguments web;
  web.words = {"web"};
  EXPECT_EQ(attached_services(web, shop()), (Set{"web"}));
  web.add("attach-dependencies", "true");
  EXPECT_EQ(attached_services(web, shop()), (Set{"db", "web"}));
  EXPECT_EQ(attached_services(given({{"no-attach", "db"}}), shop()), (Set{"web"}));
  EXPECT_EQ(attached_services(given({{"attach", "side"}}), shop()), (Set{"side"}));
  EXPECT_THROW(attached_services(given({{"attach", "nope"}}), shop()), Error);
}

TEST(ExpectedNames, CountReplicas) {
  EXPECT_EQ(expected_names(shop(), {"db", "web"}, {}),
            (std::vector<std::string>{"db-1", "db-2", "web-1"}));
  EXPECT_EQ(expected_names(shop(), {"db"}, {{"db", 1}}), (std::vector<std::string>{"db-1"}));
}

TEST(CheckServices, NamesTheOneThatMayBeMeant) {
  try {
    check_services({"wbe"}, {"web", "db"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "no such service: wbe; did you mean \"web\"?");
  }
}

TEST(ProcessStat, SurvivesAnyName) {
  ProcessStat stat = parse_stat(
      "42 (a) b (c)) S 7 42 42 34817 42 4194304 1 2 3 4 250 50 0 0 20 0 1 0 12345 1 2\n");
  EXPECT_EQ(stat.parent, 7);
  EXPECT_EQ(stat.terminal, 34817);
  EXPECT_EQ(stat.cpu_ticks, 300u);
  EXPECT_EQ(stat.start_ticks, 12345u);
}

}  // namespace
}  // namespace estiba::orchestrator
