#include "orchestrator/cli/completion.hpp"

#include <gtest/gtest.h>

namespace estiba::orchestrator {
namespace {

std::string completed(std::vector<std::string> words) {
  CompletionSource source;
  source.services = [](const Arguments& globals) {
    std::vector<std::string> names{"api", "web"};
    for (const std::string& file : globals.list("file")) names.push_back("of-" + file);
    return names;
  };
  source.profiles = [](const Arguments&) { return std::vector<std::string>{"debug", "test"}; };
  std::string out;
  for (const Candidate& one : complete(words, source)) out += (out.empty() ? "" : " ") + one.text;
  return out;
}

TEST(Completion, OffersCommandsAndTheWordsOfAGroup) {
  EXPECT_EQ(completed({"conf"}), "config");
  EXPECT_EQ(completed({"compose", "conf"}), "config");
  EXPECT_EQ(completed({"-f", "x.yaml", "vol"}), "volumes volume");
  EXPECT_EQ(completed({"volume", ""}), "ls create rm");
  EXPECT_EQ(completed({"nosuch", ""}), "");
}

TEST(Completion, OffersFlagsOfWhatStandsBefore) {
  EXPECT_EQ(completed({"--prof"}), "--profile");
  EXPECT_EQ(completed({"config", "--no-n"}), "--no-normalize");
  EXPECT_EQ(completed({"volume", "ls", "--he"}), "--help");
}

TEST(Completion, OffersServicesOfTheFilesNamedBefore) {
  EXPECT_EQ(completed({"logs", ""}), "api web");
  EXPECT_EQ(completed({"logs", "-f", "w"}), "web");
  EXPECT_EQ(completed({"-f", "x", "stop", "o"}), "of-x");
  EXPECT_EQ(completed({"ls", ""}), "");
}

TEST(Completion, LeavesAFlagsValueToItsKind) {
  EXPECT_EQ(completed({"--profile", ""}), "debug test");
  EXPECT_EQ(completed({"--ansi", "n"}), "never");
  EXPECT_EQ(completed({"-f", ""}), "") << "the shell offers files";
  EXPECT_EQ(completed({"up", "--timeout", ""}), "");
}

TEST(Completion, WalksAttributesOneByOne) {
  EXPECT_EQ(completed({"attributes", "serv"}), "services.");
  EXPECT_EQ(completed({"attributes", "services.w"}), "services.web.");
  EXPECT_EQ(completed({"attributes", "services.web.health"}), "services.web.healthcheck.");
  EXPECT_EQ(completed({"attributes", "services.web.healthcheck.start_"}),
            "services.web.healthcheck.start_period services.web.healthcheck.start_interval");
  EXPECT_EQ(completed({"attributes", "services.web.nosuch."}), "");
}

}  // namespace
}  // namespace estiba::orchestrator
