#include "imgmgr/build/dockerfile.hpp"

#include <gtest/gtest.h>

#include "imgmgr/build/mount_flag.hpp"
#include "imgmgr/build/program.hpp"

namespace estiba::img::build {
namespace {

// "line KEYWORD [flags] rest {heredocs}" for every statement.
std::string parsed(const std::string& text) {
  std::string out;
  for (const auto& source : parse_dockerfile(text).statements) {
    out += std::to_string(source.line) + " " + source.statement.keyword;
    for (const auto& flag : source.statement.flags) out += " [" + flag + "]";
    out += " " + source.statement.rest;
    for (const auto& heredoc : source.heredocs)
      out += " {" + heredoc.name + (heredoc.expand ? "" : "!") + ":" + heredoc.content + "}";
    out += "\n";
  }
  return out;
}

// "line: message"; empty if it is accepted.
std::string mistake(const std::string& text) {
  try {
    parse_program(text);
    return "";
  } catch (const SyntaxError& error) {
    return std::to_string(error.line()) + ": " + error.message();
  }
}

TEST(Dockerfile, JoinsContinuationLinesAndSkipsCommentsInThem) {
  EXPECT_EQ(
      parsed("# c\n  # c\nfrom busybox\n\nRun one && \\\n  # inside\n  two \\\n\n  >/out\ncmd x\n"),
      "3 FROM busybox\n5 RUN one &&   two   >/out\n10 CMD x\n");
}

TEST(Dockerfile, TakesFlags) {
  EXPECT_EQ(parsed("COPY --from=a --chown=1:2 x --y /z"),
            "1 COPY [--from=a] [--chown=1:2] x --y /z\n");
}

TEST(Dockerfile, HonoursTheEscapeDirective) {
  EXPECT_EQ(parsed("# escape=`\nRUN a `\n b\nENV P=C:\\"), "2 RUN a  b\n4 ENV P=C:\\\n");
  EXPECT_EQ(parsed("\n# escape=`\nRUN a \\\n b"), "3 RUN a  b\n");
  EXPECT_EQ(mistake("# escape=x\nFROM a").substr(0, 2), "1:");
}

TEST(Dockerfile, AcceptsCarriageReturnsAndAByteOrderMark) {
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "FROM a\r\nRUN b \\\r\n c\r\n"),
            "1 FROM a\n2 RUN b  c\n");
}

TEST(Dockerfile, ReadsHeredocs) {
  EXPECT_EQ(
      parsed("RUN <<EOF\na $B\nEOF\nRUN <<-'X' sh\n\ta\n\tX\nCOPY <<a <<\"b\" /d/\n1\na\n2\nb\n"),
      "1 RUN <<EOF {EOF:a $B\n}\n"
      "4 RUN <<-'X' sh {X!:a\n}\n"
      "7 COPY <<a <<\"b\" /d/ {a:1\n} {b!:2\n}\n");
  EXPECT_EQ(parsed("RUN echo \"<<EOF\"\nENV A=<<B"), "1 RUN echo \"<<EOF\"\n2 ENV A=<<B\n");
  EXPECT_NE(mistake("FROM a\nRUN <<EOF\necho"), "");
}

TEST(Dockerfile, AMountsFieldsMayStandInQuotes) {
  MountFlag mount = parse_mount("type=cache,\"target=/a,b\",\"id=say \"\"x\"\"\"");
  EXPECT_EQ(mount.target, "/a,b");
  EXPECT_EQ(mount.id, "say \"x\"");
}

TEST(Dockerfile, NamesMistakesAndOffersTheNearest) {
  EXPECT_EQ(mistake("FROM a\nCOYP a b"), "2: unknown instruction: COYP; did you mean COPY?");
  EXPECT_EQ(mistake("FROM a\nCOPY --chwon=1 a b"),
            "2: unknown flag: --chwon; did you mean --chown?");
  EXPECT_EQ(mistake("RUN true"), "1: no FROM stands before this RUN");
  EXPECT_EQ(mistake("\n# nothing\n"), "1: the file has no instructions");
  for (const char* text :
       {"FROM a\nONBUILD ONBUILD RUN x", "FROM", "FROM a b", "FROM a AS 1x", "FROM a\nCOPY a",
        "FROM a\nRUN --mount=type=foo,target=/x y", "FROM a\nRUN --mount=type=bind y",
        "FROM a\nRUN --network=x y", "FROM a\nARG", "FROM a\nARG =1",
        "FROM a\nCOPY --chown=1 --chown=2 a b", "FROM a\nCOPY --link --link a b",
        "FROM a\nRUN --mount=type=tmpfs,\"target=/x y"})
    EXPECT_NE(mistake(text), "") << text;
  EXPECT_EQ(mistake("FROM a\nARG a-b=1"), "");
  EXPECT_NE(mistake("FROM a\nRUN " + std::string(65536, 'x')), "");
}

TEST(Program, FindsStagesByNameAndNumber) {
  Program program = parse_program("FROM a AS One\nFROM b\nCOPY --from=one /x /y\n");
  EXPECT_EQ(*program.stage("ONE"), 0u);
  EXPECT_EQ(*program.stage("1"), 1u);
  EXPECT_FALSE(program.stage("2"));
  EXPECT_EQ(target_stage(program, ""), 1u);
  EXPECT_EQ(static_needs(program, 1), std::vector<size_t>{0});
  EXPECT_THROW(target_stage(program, "on"), Error);
}

TEST(Dockerfile, AnUnknownDirectiveIsACommentAndEndsTheDirectives) {
  EXPECT_EQ(parse_dockerfile("# check=skip=all\n# escape=`\nFROM x\n").escape, '`');
  EXPECT_EQ(parse_dockerfile("# foo=bar\n# escape=`\nFROM x\n").escape, '\\');
}

TEST(GitAddress, HasARefAndADirectory) {
  EXPECT_EQ(parse_git_address("https://h/r.git#v1:a/b"),
            (GitAddress{"https://h/r.git", "v1", "a/b"}));
  EXPECT_EQ(parse_git_address("git@h:o/r.git#:sub"), (GitAddress{"git@h:o/r.git", "", "sub"}));
  EXPECT_EQ(parse_git_address("git://h/r"), (GitAddress{"git://h/r", "", ""}));
  EXPECT_FALSE(parse_git_address("https://h/file.tar"));
  EXPECT_FALSE(parse_git_address("/a/directory.git"));
  EXPECT_THROW(parse_git_address("git://h/r#--upload-pack=x"), Error);
}

}  // namespace
}  // namespace estiba::img::build
