#include "netmgr/ipam.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"

namespace estiba::net {
namespace {

using ::testing::HasSubstr;

Prefix prefix(const std::string& text) { return *parse_prefix(text); }
Address address(const std::string& text) { return *parse_address(text); }

std::string message_of(const IpamPool& pool) {
  try {
    address_pool(pool);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Addresses, AreReadAndWritten) {
  for (const char* text : {"10.77.1.2", "0.0.0.0", "255.255.255.255", "fd77::2", "::1", "::"})
    EXPECT_EQ(to_text(address(text)), text);
  for (const char* text : {"", "10.77.1", "10.77.1.256", "web", "fd77:::1", "10.77.1.2/24"})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_EQ(to_text(prefix("10.77.1.9/24")), "10.77.1.0/24");
  EXPECT_EQ(to_text(prefix("0.0.0.0/0")), "0.0.0.0/0");
  EXPECT_EQ(to_text(prefix("::/0")), "::/0");
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0", "10.0.0.0/-1", "::/129"})
    EXPECT_FALSE(parse_prefix(text)) << text;
}

TEST(Prefixes, ContainAndOverlap) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(address("10.9.9.9")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(address("11.0.0.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.1.2.0/24")));
  EXPECT_TRUE(prefix("10.1.2.0/24").overlaps(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.1.2.0/24").overlaps(prefix("10.1.3.0/24")));
  EXPECT_EQ(to_text(prefix("10.1.2.0/24").last()), "10.1.2.255");
}

TEST(Subnets, AreChosenClearOfEverything) {
  EXPECT_EQ(to_text(*choose_subnet({}, 0)), "10.77.0.0/24");
  EXPECT_EQ(to_text(*choose_subnet({}, 200)), "10.77.200.0/24");
  EXPECT_EQ(to_text(*choose_subnet({prefix("10.77.0.0/25"), prefix("10.77.1.7/32")}, 0)),
            "10.77.2.0/24");
  EXPECT_EQ(to_text(*choose_subnet({prefix("10.77.0.0/16")}, 5)), "10.79.5.0/24");
  EXPECT_EQ(to_text(*choose_subnet({prefix("10.0.0.0/8")}, 0)), "172.18.0.0/24");
  EXPECT_EQ(to_text(*choose_subnet({prefix("10.0.0.0/8"), prefix("172.16.0.0/12")}, 0)),
            "192.168.0.0/24");
  EXPECT_FALSE(
      choose_subnet({prefix("10.0.0.0/8"), prefix("172.16.0.0/12"), prefix("192.168.0.0/16")}, 0));
}

TEST(Subnets, SufficeForManyNetworks) {
  std::vector<Prefix> taken;
  for (int i = 0; i < 1000; ++i) taken.push_back(choose_subnet(taken, 0).value());
  EXPECT_EQ(to_text(taken.back()), "10.81.231.0/24");
}

TEST(Uplinks, AreChosenClearOfEverything) {
  auto first = choose_uplink({}, 0);
  EXPECT_EQ(first->index, 0u);
  EXPECT_EQ(to_text(first->prefix), "10.78.0.0/31");
  auto next = choose_uplink({first->prefix}, 0);
  EXPECT_EQ(next->index, 1u);
  EXPECT_EQ(to_text(next->prefix), "10.78.0.2/31");
  EXPECT_EQ(to_text(choose_uplink({prefix("10.78.0.0/16")}, 7)->prefix), "172.17.0.14/31");
}

TEST(Pools, TakeTheirFirstAddressAsGatewayUnlessTold) {
  EXPECT_EQ(to_text(address_pool({"10.5.0.0/16", "", "", {}}).gateway), "10.5.0.1");
  EXPECT_EQ(to_text(address_pool({"10.5.0.0/16", "", "10.5.5.5", {}}).gateway), "10.5.5.5");
}

TEST(Pools, RefuseNonsenseInClearWords) {
  EXPECT_EQ(message_of({"10.5.0.0", "", "", {}}),
            "\"10.5.0.0\" is not a subnet; write it as 10.5.0.0/16");
  EXPECT_THAT(message_of({"10.5.0.0/24", "10.6.0.0/25", "", {}}), HasSubstr("not a part"));
  EXPECT_THAT(message_of({"10.5.0.0/24", "10.0.0.0/8", "", {}}), HasSubstr("not a part"));
  EXPECT_THAT(message_of({"10.5.0.0/24", "", "10.6.0.1", {}}), HasSubstr("gateway"));
  EXPECT_THAT(message_of({"10.5.0.0/31", "", "", {}}), HasSubstr("no room"));
}

TEST(Leases, GoRoundTheRange) {
  AddressPool pool = address_pool({"10.5.0.0/29", "", "", {}});
  std::set<Address> taken;
  Address last = pool.subnet.base;
  std::string given;
  while (auto next = choose_address(pool, taken, last)) {
    given += to_text(*next) + " ";
    taken.insert(*next);
    last = *next;
  }
  EXPECT_EQ(given, "10.5.0.2 10.5.0.3 10.5.0.4 10.5.0.5 10.5.0.6 ");
  taken.erase(address("10.5.0.3"));
  EXPECT_EQ(to_text(*choose_address(pool, taken, last)), "10.5.0.3");
  taken.erase(address("10.5.0.5"));
  EXPECT_EQ(to_text(*choose_address(pool, taken, address("10.5.0.3"))), "10.5.0.5");
}

TEST(Leases, StayInTheRange) {
  AddressPool pool = address_pool({"10.5.0.0/16", "10.5.9.0/30", "", {}});
  EXPECT_EQ(to_text(*choose_address(pool, {}, pool.subnet.base)), "10.5.9.1");
  std::set<Address> all{address("10.5.9.0"), address("10.5.9.1"), address("10.5.9.2"),
                        address("10.5.9.3")};
  EXPECT_FALSE(choose_address(pool, all, pool.subnet.base));
}

TEST(Leases, WorkTheSameInIPv6) {
  AddressPool pool = address_pool({"fd77::/64", "", "", {}});
  EXPECT_EQ(to_text(pool.gateway), "fd77::1");
  EXPECT_EQ(to_text(*choose_address(pool, {}, pool.subnet.base)), "fd77::2");
  EXPECT_FALSE(is_assignable(pool, address("fd77::1")));
  EXPECT_FALSE(is_assignable(pool, address("10.0.0.1")));
}

TEST(Leases, HaveAMacOfTheirAddress) {
  EXPECT_EQ(mac_for(address("10.77.1.2")), "02:e5:0a:4d:01:02");
}

}  // namespace
}  // namespace estiba::net
