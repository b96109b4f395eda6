#include <gtest/gtest.h>

#include <random>

#include "base/text.hpp"
#include "netmgr/netlink/message.hpp"

namespace estiba::net::netlink {
namespace {

std::string hex_of(std::string_view bytes) {
  return text::hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

TEST(NetlinkMessage, IsPaddedAndNested) {
  Message message(16, NLM_F_ACK, "test");
  message.header(uint32_t{0x01020304}).text(3, "eth0").nest(18, [&] {
    message.text(1, "veth");
    message.number(2, uint8_t{7});
  });
  EXPECT_EQ(hex_of(message.bytes()),
            "38000000"
            "1000"
            "0500"
            "00000000"
            "00000000"  // length, type, flags, sequence, port
            "04030201"
            "09000300"
            "65746830"
            "00000000"
            "18001200"
            "09000100"
            "76657468"
            "00000000"
            "05000200"
            "07000000");
}

TEST(NetlinkMessage, IsReadBack) {
  Message message(16, 0, "test");
  message.text(3, "eth0").number(4, uint32_t{1500});
  auto list = attributes(std::string_view(message.bytes()).substr(sizeof(nlmsghdr)));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(text_of(*find(list, 3)), "eth0");
  EXPECT_EQ(read_as<uint32_t>(*find(list, 4)), 1500u);
  EXPECT_FALSE(find(list, 5));
  EXPECT_FALSE(read_as<uint64_t>(*find(list, 4)));
}

TEST(NetlinkMessage, ToleratesWhatItWasTold) {
  Message message(16, 0, "test");
  message.tolerate(17);
  EXPECT_TRUE(message.tolerates(17));
  EXPECT_FALSE(message.tolerates(2));
}

TEST(NetlinkAttributes, SurviveAnyBytes) {
  std::mt19937 random(3);
  Message message(16, 0, "test");
  message.text(3, "interface").nest(4, [&] { message.number(5, uint64_t{9}); });
  for (int i = 0; i < 100000; ++i) {
    std::string bytes = message.bytes().substr(sizeof(nlmsghdr));
    for (auto n = random() % 5; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    for (const auto& attribute : attributes(bytes)) {
      text_of(attribute.payload);
      attributes(attribute.payload);
    }
  }
}

}  // namespace
}  // namespace estiba::net::netlink
