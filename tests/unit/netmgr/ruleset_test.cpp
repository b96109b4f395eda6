#include "netmgr/firewall/ruleset.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "netmgr/firewall/elements.hpp"
#include "netmgr/firewall/removals.hpp"
#include "netmgr/names.hpp"

namespace estiba::net {
namespace {

PublishedPort port(const std::string& host, const std::string& target,
                   Protocol protocol = Protocol::tcp) {
  return {protocol, parse_address(host), 8080, *parse_address(target), 80};
}

const std::vector<PublishedPort> every_kind = {
    port("", "10.77.1.2"), port("192.0.2.7", "10.77.1.2"), port("127.0.0.1", "10.77.1.2"),
    port("", "fd77::2"),   port("2001:db8::7", "fd77::2"), port("", "10.77.1.3", Protocol::udp),
};

// After a change that is meant: write what the failure shows into the file, and let `nft -c` and
// the integration tests judge it.
TEST(Ruleset, IsAsWritten) {
  EXPECT_EQ(ruleset("estiba", {every_kind, {Family::v4, Family::v6}}),
            fs::read_all(ESTIBA_SOURCE_DIR "/tests/golden/netmgr/ruleset.nft"));
}

std::string hex_of(const std::string& bytes) {
  return text::hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

TEST(MapElements, FillWholeRegisters) {
  std::string out;
  for (const auto& one : every_kind) {
    SetElement element = map_element(one);
    out += cat(element.set, " ", hex_of(element.key), " ", hex_of(element.data), "\n");
  }
  EXPECT_EQ(out,
            "tcp4 1f90 0a4d010200500000\n"
            "tcp4_at c00002071f900000 0a4d010200500000\n"
            "tcp4_loopback 7f0000011f900000 0a4d010200500000\n"
            "tcp6 1f90 fd77000000000000000000000000000200500000\n"
            "tcp6_at 20010db80000000000000000000000071f900000 "
            "fd77000000000000000000000000000200500000\n"
            "udp4 1f90 0a4d010300500000\n");
}

TEST(MapElements, ChangeInOneTransaction) {
  auto batch = element_changes("estiba", {port("", "10.77.1.2")}, {port("", "10.77.1.9")});
  ASSERT_EQ(batch.size(), 4u) << "begin, delete, add, end";
  EXPECT_FALSE(batch.front().wants_acknowledgement());
  EXPECT_EQ(batch[1].subject(), "unpublishing port 8080");
  EXPECT_EQ(batch[2].subject(), "publishing port 8080");
}

TEST(MapElements, LeaveToTheProxyWhatTheKernelCannotDo) {
  EXPECT_TRUE(
      element_changes("estiba", {}, {port("::1", "fd77::2"), port("::1", "10.77.1.2")}).empty());
  EXPECT_TRUE(has_kernel_path(port("127.0.0.1", "10.77.1.2")));
}

TEST(RuleRemovals, AreThoseOfTheTableAlone) {
  auto told = [](int type, uint8_t family, const std::string& table) {
    netlink::Message message(static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), 0, "");
    message.header(nfgenmsg{family, NFNETLINK_V0, 0}).text(NFTA_TABLE_NAME, table);
    return is_removal({static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type),
                       message.bytes().substr(sizeof(nlmsghdr))},
                      "estiba");
  };
  for (int type :
       {NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET, NFT_MSG_DELSETELEM})
    EXPECT_TRUE(told(type, NFPROTO_INET, "estiba")) << type;
  EXPECT_FALSE(told(NFT_MSG_DELTABLE, NFPROTO_INET, "estiba_3fa9"));
  EXPECT_FALSE(told(NFT_MSG_DELTABLE, NFPROTO_IPV4, "estiba"));
  EXPECT_FALSE(told(NFT_MSG_NEWRULE, NFPROTO_INET, "estiba"));
  EXPECT_FALSE(is_removal({(NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_DELTABLE, "x"}, "estiba"));
}

TEST(HostNames, HaveATagForAllButTheDefaultRunDirectory) {
  HostNames plain = HostNames::of("/run/estiba");
  EXPECT_EQ(plain.table(), "estiba");
  EXPECT_EQ(plain.uplink(7), "est-7");
  EXPECT_EQ(plain.offset(256), 0u);
  EXPECT_EQ(HostNames::of("/run//estiba/").table(), "estiba");
  HostNames other = HostNames::of("/tmp/x/run");
  EXPECT_EQ(other.tag.size(), 4u);
  EXPECT_EQ(other.table(), "estiba_" + other.tag);
  EXPECT_LE(other.uplink(32767).size(), 15u);
  EXPECT_TRUE(other.uplink(1).starts_with(uplink_prefix));
}

TEST(HostNames, OfPortsFitAnInterface) {
  EXPECT_EQ(port_name("0123456789abcdef0123"), "p-0123456789ab");
  EXPECT_EQ(port_name("web").size(), 14u);
  EXPECT_NE(port_name("web"), port_name("db"));
  EXPECT_NE(port_name("container-one-1"), port_name("container-one-2"));
}

TEST(PlainNames, CannotLeaveTheirDirectory) {
  for (const char* name : {"app_default", "a", "A.b-c"}) EXPECT_TRUE(is_plain_name(name));
  for (const char* name : {"", ".", "..", "a/b", "../x", "a b", "a\n"})
    EXPECT_FALSE(is_plain_name(name)) << name;
}

}  // namespace
}  // namespace estiba::net
