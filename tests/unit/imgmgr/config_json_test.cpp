#include "imgmgr/config_json.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "imgmgr/index_json.hpp"

namespace estiba::img {
namespace {

using std::chrono::seconds;

ConfigFile full_file() {
  ConfigFile file;
  ImageConfig& config = file.config;
  config.architecture = "arm64";
  config.os = "linux";
  config.variant = "v8";
  config.created = "2026-11-25T11:33:16.000000001Z";
  config.author = "somebody";
  config.user = "1000:100";
  config.working_dir = "/w";
  config.stop_signal = "SIGINT";
  config.env = {"A=1", "B=x=y"};
  config.entrypoint = {"/e"};
  config.cmd = {"a", "b c"};
  config.shell = {"/bin/sh", "-ec"};
  config.onbuild = {"RUN x"};
  config.exposed_ports = {"80/tcp", "53/udp"};
  config.volumes = {"/data"};
  config.labels = {{"k", "v"}};
  config.healthcheck =
      ImageHealthcheck{{"CMD", "x"}, seconds{5}, seconds{1}, seconds{2}, seconds{3}, 4};
  file.diff_ids = {Digest::required("sha256:" + std::string(64, '1'))};
  file.history = {{"2026-11-25T11:33:16Z", "RUN x", "c", false}, {"", "CMD", "", true}};
  return file;
}

TEST(ConfigJson, IsTheSameAfterBeingWrittenAndRead) {
  std::string text = to_json(full_file());
  EXPECT_EQ(to_json(parse_config(text, "test")), text);
  ConfigFile back = parse_config(text, "test");
  EXPECT_EQ(back.config.env, full_file().config.env);
  EXPECT_EQ(back.config.healthcheck->start_interval, seconds{3});
  EXPECT_EQ(back.config.exposed_ports, full_file().config.exposed_ports);
  EXPECT_TRUE(back.history[1].empty_layer);
}

TEST(ConfigJson, ReadsWhatDockerWrites) {
  auto file = parse_config(
      R"({"architecture":"amd64","os":"linux","config":{"Env":null,"Cmd":["sh"],"Volumes":{"/v":{}},
          "ArgsEscaped":true},"rootfs":{"type":"layers","diff_ids":null}})",
      "test");
  EXPECT_EQ(file.config.cmd, std::vector<std::string>{"sh"});
  EXPECT_EQ(file.config.volumes, std::vector<std::string>{"/v"});
  EXPECT_TRUE(file.diff_ids.empty());
}

TEST(ConfigJson, RefusesADiffIdThatIsNoDigest) {
  EXPECT_THROW(parse_config(R"({"rootfs":{"diff_ids":["sha256:../../x"]}})", "test"), Error);
  EXPECT_THROW(parse_config("[]", "test"), Error);
  EXPECT_THROW(parse_config("{", "test"), Error);
}

std::string refusal(const std::string& text) {
  try {
    parse_config(text, "test");
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

std::string with_config(const std::string& config) {
  return R"({"config":)" + config + R"(,"rootfs":{"diff_ids":[]}})";
}

TEST(ConfigJson, RefusesWhatHasAnotherTypeThanItShould) {
  EXPECT_EQ(refusal(with_config("[]")), "reading test: \"config\" must be an object");
  EXPECT_EQ(refusal(with_config(R"({"Volumes":["/a"]})")),
            "reading test: \"Volumes\" must be an object");
  EXPECT_EQ(refusal(with_config(R"({"Labels":{"a":1}})")), "reading test: its label a is no text");
  EXPECT_EQ(refusal(with_config(R"({"Labels":{"a\u0000b":"c"}})")),
            "reading test: its label \"a b\" has control characters in it");
  EXPECT_EQ(refusal(with_config(R"({"Healthcheck":{"Retries":2147483648}})")),
            "reading test: \"Retries\" of its health check is no count");
  EXPECT_EQ(refusal(R"({"history":[1],"rootfs":{}})"),
            "reading test: \"history\" must be a list of objects");
  EXPECT_EQ(refusal(R"({"rootfs":[]})"), "reading test: \"rootfs\" must be an object");
  EXPECT_EQ(refusal("{}"), "reading test: \"rootfs\" is missing");
}

TEST(ConfigJson, RefusesTextsThatCannotBeWhatTheyStandFor) {
  EXPECT_EQ(refusal(with_config(R"({"Env":["A=b\u0000c"]})")),
            "reading test: its environment \"A=b c\" has a NUL in it");
  EXPECT_EQ(refusal(with_config(R"({"Volumes":{"/a\nb":{}}})")),
            "reading test: its volume \"/a b\" has control characters in it");
  EXPECT_EQ(refusal(with_config(R"({"Env":["A=)" + std::string(131072, 'x') + "\"]}")),
            "reading test: its environment is longer than 131072 bytes");
  EXPECT_EQ(refusal(with_config(R"({"Env":["A=b\nc"]})")), "") << "of several lines is usual";
}

TEST(ConfigJson, RefusesMoreThanAnyImageNeeds) {
  auto set = [](const std::string& key, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i ? ",\"/" : "\"/") + std::to_string(i) + "\":{}";
    return "{\"" + key + "\":{" + out + "}}";
  };
  EXPECT_EQ(refusal(with_config(set("Volumes", 256))), "");
  EXPECT_EQ(refusal(with_config(set("Volumes", 257))),
            "reading test: it has 257 volumes, and no more than 256 are taken");
  EXPECT_EQ(refusal(with_config(set("ExposedPorts", 4097))),
            "reading test: it has 4097 exposed ports, and no more than 4096 are taken");
}

TEST(Index, KeepsReferencesAndImagesWithoutOne) {
  Digest a = Digest::of("a"), b = Digest::of("b");
  std::vector<IndexEntry> entries = {{"docker.io/library/x:1", a, 10}, {"", b, 20}};
  EXPECT_EQ(parse_index(index_json(entries), "test"), entries);
}

TEST(Index, AMovedReferenceLeavesItsOldImageWithoutName) {
  Digest a = Digest::of("a"), b = Digest::of("b");
  auto moved = with_reference({{"x", a, 1}}, {"x", b, 2});
  EXPECT_EQ(moved, (std::vector<IndexEntry>{{"", a, 1}, {"x", b, 2}}));
  auto named = with_reference(moved, {"y", a, 1});
  EXPECT_EQ(named, (std::vector<IndexEntry>{{"x", b, 2}, {"y", a, 1}}));
  EXPECT_EQ(with_reference(named, {"", a, 1}), named);
}

}  // namespace
}  // namespace estiba::img
