#include "imgmgr/build/checks.hpp"

#include <gtest/gtest.h>

namespace estiba::img::build {
namespace {

std::string findings(const std::string& text, const std::string& ignored = "") {
  CheckContext context;
  context.ignore = IgnoreRules::parse(ignored);
  context.environment = [](const std::string&) {
    return std::optional<std::vector<std::string>>({"PATH=/bin", "FROM_BASE=1"});
  };
  std::string out;
  for (const auto& one : check_dockerfile(text, context))
    out += std::to_string(one.line) + " " + one.rule + ": " + one.message + "\n";
  return out;
}

TEST(BuildChecks, AFileThatIsAsItShouldBeHasNoFindings) {
  EXPECT_EQ(findings("ARG V=1\nFROM base:$V AS build\nARG A\nENV B=$A C=$PATH D=$FROM_BASE\n"
                     "WORKDIR /w\nWORKDIR sub\nRUN make $X\nCMD [\"x\"]\nEXPOSE 80/tcp\n"),
            "");
}

TEST(BuildChecks, StageNameCasing) {
  EXPECT_EQ(findings("FROM base AS Build\n"),
            "1 StageNameCasing: Stage name 'Build' should be lowercase\n");
}

TEST(BuildChecks, FromAsCasing) {
  EXPECT_EQ(findings("FROM base as b\n"),
            "1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n");
  EXPECT_EQ(findings("from base as b\n"), "");
}

TEST(BuildChecks, NoEmptyContinuation) {
  EXPECT_EQ(findings("FROM base\nRUN a \\\n\n # a comment is none\n b\n"),
            "3 NoEmptyContinuation: Empty continuation line\n");
}

TEST(BuildChecks, ConsistentInstructionCasing) {
  EXPECT_EQ(findings("FROM base\nRUN a\nrun b\n"),
            "3 ConsistentInstructionCasing: Command 'run' should match the case of the command "
            "majority (uppercase)\n");
  EXPECT_EQ(findings("from base\nRun b\n"),
            "2 ConsistentInstructionCasing: Command 'Run' should match the case of the command "
            "majority (lowercase)\n");
}

TEST(BuildChecks, DuplicateStageName) {
  EXPECT_EQ(findings("FROM base AS b\nFROM base AS b\n"),
            "2 DuplicateStageName: Duplicate stage name \"b\", stage names should be unique\n");
}

TEST(BuildChecks, ReservedStageName) {
  EXPECT_EQ(findings("FROM base AS context\n"),
            "1 ReservedStageName: Stage name should not use the same name as reserved stage "
            "\"context\"\n");
}

TEST(BuildChecks, JSONArgsRecommended) {
  EXPECT_EQ(findings("FROM base\nCMD run\n"),
            "2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended "
            "behavior related to OS signals\n");
  EXPECT_EQ(findings("FROM base\nSHELL [\"/bin/sh\", \"-c\"]\nENTRYPOINT run\n"), "");
}

TEST(BuildChecks, MaintainerDeprecated) {
  EXPECT_EQ(findings("FROM base\nMAINTAINER me\n"),
            "2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using "
            "label\n");
}

TEST(BuildChecks, UndefinedArgInFrom) {
  EXPECT_EQ(findings("ARG VERSION=1\nFROM base:${VERSIONN}\n"),
            "2 UndefinedArgInFrom: FROM argument 'VERSIONN' is not declared (did you mean "
            "VERSION?)\n");
}

TEST(BuildChecks, UndefinedVar) {
  EXPECT_EQ(findings("FROM base\nENV A=1 B=$A C='$A' D=\\$E\nCOPY f $PATHH\n"),
            "2 UndefinedVar: Usage of undefined variable '$A'\n"
            "3 UndefinedVar: Usage of undefined variable '$PATHH' (did you mean $PATH?)\n");
}

TEST(BuildChecks, WorkdirRelativePath) {
  EXPECT_EQ(findings("FROM base\nWORKDIR a\n"),
            "2 WorkdirRelativePath: Relative workdir \"a\" can have unexpected results if the base "
            "image changes\n");
}

TEST(BuildChecks, MultipleInstructionsDisallowed) {
  EXPECT_EQ(findings("FROM base\nCMD [\"a\"]\nCMD [\"b\"]\n"),
            "2 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the "
            "same stage because only the last one will be used\n");
}

TEST(BuildChecks, LegacyKeyValueFormat) {
  EXPECT_EQ(findings("FROM base\nENV a b\n"),
            "2 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key "
            "value\" format\n");
}

TEST(BuildChecks, RedundantTargetPlatform) {
  EXPECT_EQ(findings("FROM --platform=$TARGETPLATFORM base\n"),
            "1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is "
            "redundant as this is the default behavior\n");
}

TEST(BuildChecks, SecretsUsedInArgOrEnv) {
  EXPECT_EQ(findings("FROM base\nARG DB_PASSWORD\nENV PUBLIC_KEY=1 MONKEY=2\n"),
            "2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "
            "\"DB_PASSWORD\")\n");
}

TEST(BuildChecks, InvalidDefaultArgInFrom) {
  EXPECT_EQ(findings("ARG TAG\nFROM base:${TAG}\n"),
            "2 InvalidDefaultArgInFrom: Default value for ARG base:${TAG} results in empty or "
            "invalid base image name\n");
}

TEST(BuildChecks, FromPlatformFlagConstDisallowed) {
  EXPECT_EQ(findings("FROM --platform=linux/amd64 base\n"),
            "1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "
            "\"linux/amd64\"\n");
  EXPECT_EQ(findings("FROM --platform=linux/amd64 base AS base-amd64\n"), "");
}

TEST(BuildChecks, CopyIgnoredFileIsCheckedOnRequest) {
  std::string rest = "FROM base\nCOPY secret /\n";
  EXPECT_EQ(findings(rest, "secret\n"), "");
  EXPECT_EQ(findings("# check=experimental=CopyIgnoredFile\n" + rest, "secret\n"),
            "3 CopyIgnoredFile: Attempting to Copy file \"secret\" that is excluded by "
            ".dockerignore\n");
}

TEST(BuildChecks, InvalidDefinitionDescriptionIsCheckedOnRequest) {
  std::string rest = "# about something else\nARG V=1\n\n# build makes it\nFROM base AS build\n";
  EXPECT_EQ(findings(rest), "");
  EXPECT_EQ(findings("# check=experimental=all\n" + rest),
            "3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# V "
            "<description>`\n");
}

TEST(BuildChecks, ExposeProtoCasing) {
  EXPECT_EQ(findings("FROM base\nEXPOSE 80/TCP\n"),
            "2 ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be "
            "lowercase\n");
}

TEST(BuildChecks, ExposeInvalidFormat) {
  EXPECT_EQ(findings("FROM base\nEXPOSE 80:90\n"),
            "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or "
            "host-port mapping, found '80:90'\n");
}

TEST(BuildChecks, ADirectiveLeavesRulesOut) {
  EXPECT_EQ(findings("# check=skip=StageNameCasing,maintainerdeprecated\nFROM base AS B\n"
                     "MAINTAINER x\nENV a b\n"),
            "4 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key "
            "value\" format\n");
  EXPECT_EQ(findings("# check=skip=all\nFROM base AS B\n"), "");
  EXPECT_TRUE(parse_check_directive("skip=all;error=true").error);
}

TEST(BuildChecks, StagesThatAreNotNeededAreLeftAlone) {
  EXPECT_EQ(findings("FROM base AS a\nWORKDIR x\nFROM base\n"), "");
}

}  // namespace
}  // namespace estiba::img::build
