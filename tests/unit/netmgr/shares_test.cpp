#include "netmgr/shares.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace estiba::net {
namespace {

TEST(Shares, LeaveToOthersWhatOneMayNotHave) {
  Shares<std::string> shares({5, 2});
  std::vector<Shares<std::string>::Place> held;
  for (int i = 0; i < 2; ++i) held.push_back(shares.take("greedy"));
  EXPECT_FALSE(shares.take("greedy"));
  for (const char* other : {"a", "b", "c"}) {
    held.push_back(shares.take(other));
    EXPECT_TRUE(held.back()) << other;
  }
  EXPECT_FALSE(shares.take("d")) << "all are taken";
  held.erase(held.begin());
  EXPECT_TRUE(shares.take("greedy"));
  held.clear();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(shares.take("greedy")) << "given back at once";
}

TEST(Shares, MayBeGivenBackWhenNobodyAsksAnyMore) {
  std::optional<Shares<int>> shares(Shares<int>({1, 1}));
  auto place = shares->take(7);
  shares.reset();
  place.reset();
}

}  // namespace
}  // namespace estiba::net
