#include "orchestrator/cli/pull_policy.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

using std::chrono::hours;

const WallTime now = *parse_rfc3339("2026-01-10T00:00:00Z");

bool pulls(const std::string& policy, const LocalImage& image,
           Origin origin = Origin::registry_only) {
  return must_pull(policy, origin, image, now);
}

TEST(PullPolicy, MissingIsTheDefaultWhereNothingIsBuilt) {
  EXPECT_TRUE(pulls("", {}));
  EXPECT_FALSE(pulls("", {true, {}}));
  EXPECT_FALSE(pulls("", {}, Origin::built));
  EXPECT_TRUE(pulls("missing", {}, Origin::built));
}

TEST(PullPolicy, AlwaysAndNeverMeanIt) {
  EXPECT_TRUE(pulls("always", {true, now}));
  EXPECT_FALSE(pulls("never", {}));
  EXPECT_FALSE(pulls("build", {}));
}

TEST(PullPolicy, IntervalsCountFromTheLastPull) {
  EXPECT_FALSE(pulls("daily", {true, now - hours{23}}));
  EXPECT_TRUE(pulls("daily", {true, now - hours{25}}));
  EXPECT_FALSE(pulls("weekly", {true, now - hours{25}}));
  EXPECT_TRUE(pulls("every_1d12h", {true, now - hours{37}}));
  EXPECT_TRUE(pulls("weekly", {true, {}})) << "what was never pulled may be of any age";
  EXPECT_TRUE(pulls("weekly", {}));
}

TEST(PullPolicy, IntervalsAreWrittenWithWeeksAndDaysToo) {
  EXPECT_EQ(refresh_interval("every_2w3d4h5m"), hours{24 * 17 + 4} + std::chrono::minutes{5});
  EXPECT_EQ(refresh_interval("every_1d"), hours{24});
  EXPECT_EQ(refresh_interval("always"), std::nullopt);
  EXPECT_THROW(refresh_interval("every_"), Error);
  EXPECT_THROW(refresh_interval("every_day"), Error);
}

}  // namespace
}  // namespace estiba::orchestrator
