#include "orchestrator/cli/parse.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

using List = std::vector<std::string>;

constexpr Flag flags[] = {
    {'d', "detach", Takes::nothing, "", "x"}, {'t', "timeout", Takes::value, "S", "x"},
    {'e', "env", Takes::list, "K=V", "x"},    {0, "wait", Takes::nothing, "", "x"},
    {'f', "file", Takes::list, "FILE", "x"},  {0, "orphans", Takes::nothing, "", "x"},
};

Arguments parsed(const List& words, Words rule = Words::among_flags) {
  return parse(flags, rule, words);
}

std::string complaint(const List& words) {
  try {
    parsed(words);
  } catch (const Error& error) {
    return error.message();
  }
  return "none";
}

TEST(Parse, TakesValuesInEveryWayTheyAreWritten) {
  for (const List& words : {List{"-t", "5"}, List{"-t5"}, List{"-t=5"}, List{"--timeout", "5"},
                            List{"--timeout=5"}, List{"-dt", "5"}, List{"-dt5"}})
    EXPECT_EQ(parsed(words).number("timeout"), 5) << words[0];
}

TEST(Parse, KeepsEveryValueOfARepeatedFlagWhole) {
  EXPECT_EQ(parsed({"-e", "A=1,2", "--env", "B=", "-e", "C=x y", "-e", ""}).list("env"),
            (List{"A=1,2", "B=", "C=x y", ""}));
}

TEST(Parse, FindsFlagsAmongWords) {
  Arguments arguments = parsed({"web", "-t", "5", "db", "--wait"});
  EXPECT_EQ(arguments.words, (List{"web", "db"}));
  EXPECT_TRUE(arguments.on("wait"));
}

TEST(Parse, LeavesACommandsOwnFlagsAlone) {
  Arguments arguments = parsed({"-d", "web", "ls", "-d", "--wait"}, Words::end_the_flags);
  EXPECT_EQ(arguments.words, (List{"web", "ls", "-d", "--wait"}));
  EXPECT_FALSE(arguments.on("wait"));
}

TEST(Parse, TwoDashesEndTheFlags) { EXPECT_EQ(parsed({"--", "-d"}).words, (List{"-d"})); }

TEST(Parse, ASwitchMayBeTurnedOff) {
  EXPECT_FALSE(parsed({"--orphans=false"}).on("orphans"));
  EXPECT_EQ(parsed({"--orphans=false"}).choice("orphans"), false);
  EXPECT_FALSE(parsed({}).choice("orphans").has_value());
}

TEST(Parse, ANegativeNumberIsAValue) {
  EXPECT_EQ(parsed({"--timeout", "-1"}).number("timeout"), -1);
}

TEST(Parse, NamesTheFlagThatMayBeMeant) {
  EXPECT_EQ(complaint({"--detatch"}), "unknown flag: --detatch; did you mean --detach?");
  EXPECT_EQ(complaint({"--zzzzzz"}), "unknown flag: --zzzzzz");
  EXPECT_EQ(complaint({"-dx"}), "unknown shorthand flag: 'x' in -dx");
}

TEST(Parse, SaysWhatLacksAValue) { EXPECT_EQ(complaint({"-t"}), "flag needs an argument: -t"); }

TEST(Parse, SaysWhatIsNoNumber) {
  Arguments arguments = parsed({"-t", "x"});
  EXPECT_THROW(arguments.number("timeout"), Error);
}

TEST(LeadingFlags, EndWhereTheVerbStands) {
  EXPECT_EQ(leading_flags(flags, List{"-f", "a.yaml", "-d", "up", "-d"}), 3u);
  EXPECT_EQ(leading_flags(flags, List{"--file=a.yaml", "up"}), 1u);
  EXPECT_EQ(leading_flags(flags, List{"-"}), 0u);
}

}  // namespace
}  // namespace estiba::orchestrator
