#include "netmgr/forwarding.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace estiba::net {
namespace {

const HostBefore quiet{Forwarded::off, {}, {}};
const HostBefore both_families{Forwarded::on, Forwarded::off, {"eth0", "wlan0"}};

TEST(HostBefore, StandsInAnUplinksAlias) {
  EXPECT_EQ(to_alias(both_families),
            "estiba: before it ipv4=1 ipv6=0 accept_ra2=eth0 accept_ra2=wlan0");
  for (const HostBefore& before : {quiet, both_families, HostBefore{}})
    EXPECT_EQ(from_alias(to_alias(before)), before);
  EXPECT_EQ(from_alias("the way to the office"), HostBefore{});
  EXPECT_EQ(from_alias("estiba: before it ipv4 ipv6=7 =1"), HostBefore{});
}

TEST(HostBefore, FitsAnAlias) {
  HostBefore crowded = quiet;
  for (int i = 0; i < 100; ++i) crowded.eager.push_back(cat("interface", std::to_string(i)));
  EXPECT_LE(to_alias(crowded).size(), 255u);
  EXPECT_EQ(from_alias(to_alias(crowded)).v4, Forwarded::off);
}

TEST(HostBefore, IsKnownFromTheUplinksOfAllServers) {
  std::vector<netlink::NamedLink> uplinks{
      {"est-1", to_alias(quiet)}, {"est-3fa9-7", to_alias(both_families)}, {"est-2", ""}};
  EXPECT_EQ(noted(uplinks).v6, Forwarded::off);
  EXPECT_EQ(noted(uplinks).eager, both_families.eager);
  EXPECT_EQ(noted({}), HostBefore{});
}

TEST(Forwarding, IsPutBackAFamilyAtATime) {
  std::vector<netlink::NamedLink> uplinks{{"est-1", to_alias(quiet)},
                                          {"est-3fa9-7", to_alias(both_families)}};
  EXPECT_EQ(needed_by_one(uplinks, "est-1", {}), std::set<Family>{});
  EXPECT_EQ(needed_by_one(uplinks, "est-3fa9-7", {}), std::set<Family>{Family::v6});
  uplinks.pop_back();
  EXPECT_EQ(needed_by_one(uplinks, "est-1", {}), std::set<Family>{Family::v4});
  uplinks.push_back({"est-2", ""});
  EXPECT_EQ(needed_by_one(uplinks, "est-1", {}), std::set<Family>{})
      << "nobody knows what it needs";
  EXPECT_EQ(needed_by_one({}, "est-1", both_families), (std::set<Family>{Family::v4, Family::v6}))
      << "somebody has removed it";
}

}  // namespace
}  // namespace estiba::net
