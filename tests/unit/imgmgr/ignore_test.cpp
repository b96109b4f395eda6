#include "imgmgr/build/ignore.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "imgmgr/build/owner.hpp"

namespace estiba::img::build {
namespace {

TEST(Pattern, StarsStayWithinADirectoryAndDoubledOnesDoNot) {
  EXPECT_TRUE(pattern_matches("*.log", "a.log"));
  EXPECT_FALSE(pattern_matches("*.log", "sub/a.log"));
  EXPECT_TRUE(pattern_matches("**/*.log", "a.log"));
  EXPECT_TRUE(pattern_matches("**/*.log", "x/y/a.log"));
  EXPECT_TRUE(pattern_matches("a/**/b", "a/b"));
  EXPECT_TRUE(pattern_matches("a/**/b", "a/x/y/b"));
  EXPECT_TRUE(pattern_matches("a/**", "a/x/y"));
  EXPECT_FALSE(pattern_matches("a/**", "b/x"));
  EXPECT_TRUE(pattern_matches("d?r", "dir"));
  EXPECT_FALSE(pattern_matches("a?b", "a/b"));
  EXPECT_TRUE(pattern_matches("[a-c][^x]", "by"));
  EXPECT_FALSE(pattern_matches("[a-c]", "d"));
  EXPECT_TRUE(pattern_matches("a\\*", "a*"));
  EXPECT_FALSE(pattern_matches("a\\*", "ab"));
}

TEST(Pattern, ManyStarsDoNotTakeForever) {
  std::string pattern, path(2000, 'a');
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(pattern_matches(pattern + "b", path));
}

TEST(Ignore, ALaterRuleWinsAndExceptionsReachInside) {
  auto rules = IgnoreRules::parse(
      "# comment\n*.log\n!keep.log\nbuild/\n**/tmp\n/rooted\nd?r\n!build/keep\n");
  for (const char* path :
       {"a.log", "build", "build/x", "tmp", "s/tmp", "s/tmp/y", "rooted", "dir", "dir/z"})
    EXPECT_TRUE(rules.ignores(path)) << path;
  for (const char* path : {"keep.log", "sub/a.log", "sub/rooted", "build/keep", "ok"})
    EXPECT_FALSE(rules.ignores(path)) << path;
}

constexpr const char* passwd = "root:x:0:0:::\ndaemon:x:1:7:::\n";
constexpr const char* group = "root:x:0:\nusers:x:100:\n";

std::string owner(const std::string& text) {
  Owner out = resolve_owner(text, passwd, group);
  return std::to_string(out.uid) + ":" + std::to_string(out.gid);
}

TEST(Owner, NamesAndNumbers) {
  EXPECT_EQ(owner("1000:100"), "1000:100");
  EXPECT_EQ(owner("12"), "12:12");
  EXPECT_EQ(owner("daemon"), "1:7");
  EXPECT_EQ(owner("daemon:users"), "1:100");
  EXPECT_EQ(owner("nosuchuser"), "0:0");
  EXPECT_EQ(owner("4294967296"), "0:0");
  EXPECT_EQ(owner("12:100:9"), "12:12");
  EXPECT_TRUE(is_numeric_owner("1:2"));
  EXPECT_FALSE(is_numeric_owner("1:users"));
}

TEST(Ignore, APatternThatIsNotCompleteIsRefused) {
  for (const char* bad : {"[", "[]a]", "[a-", "[-x]", "[x-]", "a\\", "[^", "[\\"})
    EXPECT_THROW(IgnoreRules::parse(bad), Error) << bad;
  for (const char* good : {"[ab]", "[^a-c]x", "a\\*", "]", "[\\]]"})
    EXPECT_NO_THROW(IgnoreRules::parse(good)) << good;
}

mode_t changed(const std::string& text, mode_t mode) {
  return ModeChange::parse(text)->apply(mode);
}

TEST(ModeChange, OctalAndSymbolic) {
  EXPECT_EQ(changed("0640", S_IFREG | 0777), 0640u);
  EXPECT_EQ(changed("u=rwX,go=rX", S_IFREG | 0600), 0644u);
  EXPECT_EQ(changed("u=rwX,go=rX", S_IFDIR | 0700), 0755u);
  EXPECT_EQ(changed("+x", S_IFREG | 0644), 0755u);
  EXPECT_EQ(changed("g-w,o=", S_IFREG | 0666), 0640u);
  EXPECT_EQ(changed("u+s,+t", S_IFREG | 0755), 05755u);
  EXPECT_EQ(changed("u=g", S_IFREG | 0754), 0554u);
  EXPECT_EQ(changed("u+r+w", S_IFREG | 0054), 0654u);
  EXPECT_EQ(changed("u=rw-w", S_IFREG | 0754), 0454u);
  for (const char* bad : {"888", "77777", "x", "u~x", "u=q"})
    EXPECT_FALSE(ModeChange::parse(bad)) << bad;
}

}  // namespace
}  // namespace estiba::img::build
