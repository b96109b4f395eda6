#include "orchestrator/sound_names.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

spec::Project a_project() {
  spec::Project project;
  project.name = "shop";
  spec::Service& service = project.services["web"];
  service.name = "web";
  service.hostname = "web-1.example";
  service.extra_hosts = {{"db", "::1"}, {"gate", "host-gateway"}};
  service.dns = {"192.0.2.1"};
  service.dns_opt = {"ndots:2"};
  project.networks["default"].name = "shop_default";
  return project;
}

TEST(SoundNames, OfAnOrdinaryProjectAreTaken) { EXPECT_NO_THROW(refuse_unsound(a_project())); }

TEST(SoundNames, WithALineEndOrWhatSteersATerminalAreRefused) {
  const std::vector<std::function<void(spec::Project&, const std::string&)>> places{
      [](auto& p, auto& bad) { p.name = bad; },
      [](auto& p, auto& bad) { p.services["web"].hostname = bad; },
      [](auto& p, auto& bad) { p.services["web"].domainname = bad; },
      [](auto& p, auto& bad) { p.services["web"].container_name = bad; },
      [](auto& p, auto& bad) {
        p.services["web"].extra_hosts = {{bad, "::1"}};
      },
      [](auto& p, auto& bad) {
        p.services["web"].extra_hosts = {{"db", bad}};
      },
      [](auto& p, auto& bad) { p.services["web"].dns = {bad}; },
      [](auto& p, auto& bad) { p.services["web"].dns_search = {bad}; },
      [](auto& p, auto& bad) { p.services["web"].dns_opt = {bad}; },
      [](auto& p, auto& bad) { p.services["web"].links = {bad}; },
      [](auto& p, auto& bad) { p.services["web"].cgroup_parent = bad; },
      [](auto& p, auto& bad) { p.services["web"].networks["default"].aliases = {bad}; },
      [](auto& p, auto& bad) { p.networks["default"].name = bad; },
      [](auto& p, auto& bad) { p.services[bad].name = bad; },
  };
  for (size_t i = 0; i < places.size(); ++i)
    for (const char* bad :
         {"a\n192.0.2.9 bank", "a b", "a\tb", "\x1b[2J", "a\u202e", "a#", "\xff"}) {
      spec::Project project = a_project();
      places[i](project, bad);
      EXPECT_THROW(refuse_unsound(project), Error) << "place " << i << ": " << bad;
    }
}

TEST(SoundNames, OfObjectsBeginWithALetterOrDigit) {
  for (const char* good : {"a", "0.x_-"}) EXPECT_TRUE(is_object_name(good)) << good;
  for (const char* bad : {"", "-a", ".", "..", "a/b", "_a"})
    EXPECT_FALSE(is_object_name(bad)) << bad;
  EXPECT_FALSE(is_object_name(std::string(256, 'a')));
}

TEST(HostsText, HoldsNoWordThatWouldBeTwo) {
  EXPECT_THROW(hosts_text({{"192.0.2.1\n192.0.2.9 bank", {"db"}}}), Error);
  EXPECT_THROW(hosts_text({{"192.0.2.1", {"db bank"}}}), Error);
  EXPECT_NE(hosts_text({{"192.0.2.1", {"db"}}}).find("192.0.2.1\tdb\n"), std::string::npos);
}

}  // namespace
}  // namespace estiba::orchestrator
