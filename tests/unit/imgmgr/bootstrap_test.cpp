#include "imgmgr/bootstrap.hpp"

#include <gtest/gtest.h>

namespace estiba::img {
namespace {

using Lines = std::vector<std::string>;

TEST(AptSources, ReadsTheOneLineStyle) {
  auto sources = parse_one_line_sources(
      "# comment\n"
      "deb [arch=amd64 signed-by=/k.gpg] http://m/debian bookworm main contrib # more\n"
      "deb-src http://m/debian bookworm main\n");
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_EQ(sources[0].options, "[arch=amd64 signed-by=/k.gpg]");
  EXPECT_EQ(sources[0].uri, "http://m/debian");
  EXPECT_EQ(sources[0].components, (Lines{"main", "contrib"}));
}

TEST(AptSources, ReadsTheDeb822Style) {
  auto sources = parse_deb822_sources(
      "Types: deb deb-src\n# comment\nURIs: http://m/debian\nSuites: bookworm\n bookworm-updates\n"
      "Components: main\nSigned-By: /k.gpg\n\nTypes: deb\nEnabled: no\nURIs: http://n\nSuites: x\n"
      "Components: main\n");
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_EQ(sources[0].suites, (Lines{"bookworm", "bookworm-updates"}));
  EXPECT_EQ(sources[0].options, "[signed-by=/k.gpg]");
}

TEST(AptSources, OnlyDebiansOwnOfOneSuiteAreChosen) {
  std::vector<AptSource> sources = {
      {"", "http://m/debian-security", {"bookworm-security"}, {"main"}},
      {"", "http://m/debian", {"bookworm", "bookworm-updates"}, {"main", "contrib"}},
      {"[signed-by=/usr/share/keyrings/other.gpg]", "http://other", {"bookworm"}, {"main"}},
      {"", "http://node", {"nodistro"}, {"main"}}};
  auto mirror = choose_mirror(sources, "bookworm");
  ASSERT_TRUE(mirror);
  EXPECT_EQ(mirror->lines, (Lines{"deb http://m/debian bookworm main",
                                  "deb http://m/debian-security bookworm-security main",
                                  "deb http://m/debian bookworm-updates main"}));
  EXPECT_EQ(choose_mirror(sources, "")->suite, "bookworm");
  EXPECT_FALSE(choose_mirror({}, "bookworm"));
}

TEST(Bootstrap, TellsProgressFromMessages) {
  EXPECT_EQ(parse_progress("I: downloading packages with apt...")->first, "fetching packages");
  EXPECT_FALSE(parse_progress("I: chroot architecture amd64"));
}

}  // namespace
}  // namespace estiba::img
