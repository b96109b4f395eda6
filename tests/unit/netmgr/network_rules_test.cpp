#include "netmgr/firewall/network_rules.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "netmgr/options.hpp"

namespace estiba::net {
namespace {

using ::testing::HasSubstr;

std::string hex_of(const std::string& bytes) {
  return text::hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

const std::string mac{"\x02\xe5\x0a\x4d\x01\x02", 6};

// After a change that is meant: write what the failure shows into the file, and let the integration
// tests judge it.
TEST(NetworkRules, AreAsWritten) {
  EXPECT_EQ(network_rules(Senders::checked),
            fs::read_all(ESTIBA_SOURCE_DIR "/tests/golden/netmgr/network_rules.nft"));
}

TEST(NetworkRules, ReplaceWhatIsThereInOneTransaction) {
  EXPECT_EQ(network_rules_again(Senders::free),
            cat("table inet estiba\ndelete table inet estiba\n",
                "table bridge estiba\ndelete table bridge estiba\n", network_rules(Senders::free)));
}

TEST(NetworkRules, OfANetworkWithFreeSendersStillRouteNothingBack) {
  EXPECT_THAT(network_rules(Senders::free), HasSubstr("iifname \"br0\" oifname \"br0\" reject"));
  EXPECT_EQ(network_rules(Senders::free).find("bridge"), std::string::npos);
}

TEST(NetworkRules, KnowTheLinkLocalAddressOfAMac) {
  EXPECT_EQ(to_text(link_local_address(mac)), "fe80::e5:aff:fe4d:102");
}

TEST(NetworkRules, NameASenderByPortMacAndEachOfItsAddresses) {
  std::string out;
  for (const auto& one : sender_elements(
           {"p-0123456789ab", mac, *parse_address("10.77.1.2"), parse_address("fd77::2")}))
    out += cat(one.set, " ", hex_of(one.key), "\n");
  std::string who =
      "702d30313233343536373839616200000"
      "2e50a4d01020000";
  EXPECT_EQ(out, cat("macs ", who, "\naddresses4 ", who, "0a4d0102\n",          //
                     "addresses6 ", who, "fd770000000000000000000000000002\n",  //
                     "targets6 ", who, "fd770000000000000000000000000002\n",    //
                     "addresses6 ", who, "fe8000000000000000e50afffe4d0102\n",  //
                     "targets6 ", who, "fe8000000000000000e50afffe4d0102\n"));
}

TEST(NetworkRules, ChangeInOneTransaction) {
  Sender sender{"p-0123456789ab", mac, *parse_address("10.77.1.2"), {}};
  EXPECT_EQ(sender_changes({sender}, ElementChange::added).size(), 4u) << "begin, two, end";
  EXPECT_TRUE(sender_changes({}, ElementChange::added).empty());
}

TEST(NetworkOptions, AreWhatDockerTakesForYesAndNo) {
  NetworkSpec spec;
  spec.name = "app_default";
  EXPECT_EQ(flag_of(spec, option_icc), std::nullopt);
  for (const char* no : {"false", "0", "False", "F"}) {
    spec.driver_opts[option_icc] = no;
    EXPECT_EQ(flag_of(spec, option_icc), false) << no;
  }
  spec.driver_opts[option_icc] = "1";
  EXPECT_EQ(flag_of(spec, option_icc), true);
  spec.driver_opts[option_icc] = "off";
  try {
    flag_of(spec, option_icc);
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "network app_default: the driver option com.docker.network.bridge.enable_icc is "
              "\"off\"; write \"true\" or \"false\"");
  }
}

}  // namespace
}  // namespace estiba::net
