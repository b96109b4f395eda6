#include <gtest/gtest.h>

#include "base/error.hpp"
#include "imgmgr/images.hpp"

namespace estiba::img {
namespace {

std::string full(const std::string& text) {
  auto reference = Reference::parse(text);
  return reference ? reference->full() : "invalid";
}

std::string familiar(const std::string& text) { return Reference::parse(text)->familiar(); }

const std::string digest = "sha256:" + std::string(64, 'a');

TEST(Reference, FillsInTheDefaults) {
  EXPECT_EQ(full("nginx"), "docker.io/library/nginx:latest");
  EXPECT_EQ(full("nginx:1.27"), "docker.io/library/nginx:1.27");
  EXPECT_EQ(full("bench/busybox"), "docker.io/bench/busybox:latest");
  EXPECT_EQ(full("index.docker.io/nginx"), "docker.io/library/nginx:latest");
}

TEST(Reference, TellsARegistryByItsDotPortOrLocalhost) {
  EXPECT_EQ(full("ghcr.io/a/b"), "ghcr.io/a/b:latest");
  EXPECT_EQ(full("localhost/a"), "localhost/a:latest");
  EXPECT_EQ(full("host:5000/a:b"), "host:5000/a:b");
  EXPECT_EQ(full("[::1]:5000/a"), "[::1]:5000/a:latest");
  EXPECT_EQ(full("Host/a"), "Host/a:latest");
}

TEST(Reference, KeepsADigestWithAndWithoutATag) {
  EXPECT_EQ(full("nginx@" + digest), "docker.io/library/nginx@" + digest);
  EXPECT_EQ(full("nginx:1@" + digest), "docker.io/library/nginx:1@" + digest);
}

TEST(Reference, RefusesWhatTheGrammarDoesNotHave) {
  for (const char* text :
       {"", ":tag", "UPPER", "a//b", "/a", "a/", "-a", "a..b", "a___b", "a:", "a:-b", "a@sha256:ab",
        "a b", "a:b:c", "_a", "host:port/a", "a@b", "../a"})
    EXPECT_EQ(full(text), "invalid") << text;
  EXPECT_EQ(full(std::string(64, 'a')), "invalid");
  EXPECT_EQ(full(std::string(256, 'a')), "invalid");
  EXPECT_EQ(full("a:" + std::string(129, 't')), "invalid");
}

TEST(Reference, AcceptsEverySeparatorOfTheGrammar) {
  for (const char* text : {"a.b", "a_b", "a__b", "a-b", "a---b", "0", "a/b/c.d_e"})
    EXPECT_NE(full(text), "invalid") << text;
}

TEST(Reference, TheFamiliarFormIsWhatPeopleType) {
  EXPECT_EQ(familiar("docker.io/library/nginx:1"), "nginx:1");
  EXPECT_EQ(familiar("bench/busybox"), "bench/busybox:latest");
  EXPECT_EQ(familiar("ghcr.io/a/b:1"), "ghcr.io/a/b:1");
  EXPECT_EQ(familiar("docker.io/library/a/b"), "library/a/b:latest");
}

}  // namespace
}  // namespace estiba::img
