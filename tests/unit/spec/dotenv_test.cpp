// The dotenv grammar as a table: a file's text, and the variables it sets. OUTER is set outside, to
// o.
#include "compose-spec/dotenv.hpp"

#include <gtest/gtest.h>

#include <map>

namespace estiba::spec {
namespace {

const std::string outer = "o";

std::string parsed(const std::string& text, decltype(parse_dotenv)* parse) {
  DotenvOptions options;
  options.lookup = [](const std::string& name) { return name == "OUTER" ? &outer : nullptr; };
  try {
    std::map<std::string, std::string> values;
    for (auto& [name, value] : parse(text, options)) values[name] = value;
    std::string out;
    for (auto& [name, value] : values) out += (out.empty() ? "" : " ") + name + "=[" + value + "]";
    return out;
  } catch (const DotenvError&) {
    return "error";
  }
}

struct Case {
  const char* text;
  const char* expected;
};

constexpr Case cases[] = {
    {"A=b", "A=[b]"},
    {"A=b\n", "A=[b]"},
    {"A = b", "A=[b]"},
    {"A= b", "A=[b]"},
    {"A =b", "A=[b]"},
    {" A=b", "A=[b]"},
    {"\tA=b", "A=[b]"},
    {"A:b", "A=[b]"},
    {"A: b", "A=[b]"},
    {"A : b", "A=[b]"},
    {"export A=b", "A=[b]"},
    {"export  A=b", "A=[b]"},
    {"exportA=b", "exportA=[b]"},
    {"export\tA=b", "A=[b]"},
    {"A", ""},
    {"A\n", ""},
    {"OUTER", "OUTER=[o]"},
    {"OUTER\n", "OUTER=[o]"},
    {"A=", "A=[]"},
    {"A=\n", "A=[]"},
    {"A= \n", "A=[]"},
    {"A=\nB=c", "A=[] B=[c]"},
    {"A= # c\nB=c", "A=[# c] B=[c]"},
    {"# comment\nA=b", "A=[b]"},
    {"A=b # c", "A=[b]"},
    {"A=b# c", "A=[b# c]"},
    {"A=b #c", "A=[b]"},
    {"A=b#c", "A=[b#c]"},
    {"A=#c", "A=[#c]"},
    {"A= #c", "A=[#c]"},
    {"A='b' # c", "A=[b]"},
    {"A=\"b\" # c", "A=[b]"},
    {"A='b'#c", "A=[b]"},
    {"  # x\n\nA=b", "A=[b]"},
    {"A=b\n#B=c\nC=d", "A=[b] C=[d]"},
    {"A=b\t#c", "A=[b\t#c]"},
    {"A=\"b # c\"", "A=[b # c]"},
    {"A='b # c'", "A=[b # c]"},
    {"A='b'", "A=[b]"},
    {"A=\"b\"", "A=[b]"},
    {"A=''", "A=[]"},
    {"A=\"\"", "A=[]"},
    {"A=' b '", "A=[ b ]"},
    {"A=\" b \"", "A=[ b ]"},
    {"A='b\nc'", "A=[b\nc]"},
    {"A=\"b\nc\"", "A=[b\nc]"},
    {"A=\"b\\nc\"", "A=[b\nc]"},
    {"A='b\\nc'", "A=[b\\nc]"},
    {"A=b\\nc", "A=[b\\nc]"},
    {"A=\"b\\tc\"", "A=[b\tc]"},
    {"A=\"b\\\"c\"", "A=[b\"c]"},
    {"A='b\\'c'", "A=[b'c]"},
    {"A=\"b'c\"", "A=[b'c]"},
    {"A='b\"c'", "A=[b\"c]"},
    {"A=b'c", "A=[b'c]"},
    {"A=b\"c", "A=[b\"c]"},
    {"A=\"b\\\\c\"", "A=[b\\c]"},
    {"A='b\\\\c'", "A=[b\\\\c]"},
    {"A=\"b\\$c\"", "A=[b$c]"},
    {"A='b$c'", "A=[b$c]"},
    {"A=b\\$c", "A=[b\\]"},
    {"A=\"\\x41\"", "A=[\\x41]"},
    {"A=\"\\0101\"", "A=[A]"},
    {"A=\"\\z\"", "A=[\\z]"},
    {"A=\"b\\rc\"", "A=[b\rc]"},
    {"A=\"\\a\"", "A=[\007]"},
    {"A=b\nB=$A", "A=[b] B=[b]"},
    {"A=b\nB=${A}", "A=[b] B=[b]"},
    {"A=b\nB=\"$A\"", "A=[b] B=[b]"},
    {"A=b\nB='$A'", "A=[b] B=[$A]"},
    {"A=b\nB=${A}c", "A=[b] B=[bc]"},
    {"A=b\nB=$Ac", "A=[b] B=[]"},
    {"B=${X:-d}", "B=[d]"},
    {"B=${X-d}", "B=[d]"},
    {"X=\nB=${X:-d}", "B=[d] X=[]"},
    {"X=\nB=${X-d}", "B=[] X=[]"},
    {"X=y\nB=${X:+d}", "B=[d] X=[y]"},
    {"B=${X:+d}", "B=[]"},
    {"X=\nB=${X+d}", "B=[d] X=[]"},
    {"B=$$A", "B=[$A]"},
    {"B=\"$$A\"", "B=[$A]"},
    {"B=$OUTER", "B=[o]"},
    {"B=${OUTER}", "B=[o]"},
    {"OUTER=in\nB=$OUTER", "B=[o] OUTER=[in]"},
    {"B=${X:-${OUTER}}", "B=[o]"},
    {"B=${X:-$OUTER}", "B=[o]"},
    {"B=$", "B=[$]"},
    {"B=a$", "B=[a$]"},
    {"B=$1", "B=[$1]"},
    {"B=$(x)", "B=[$(x)]"},
    {"B=${X:-a b}", "B=[a b]"},
    {"B=\"${X:-a b}\"", "B=[a b]"},
    {"A=1\nA=2\nB=$A", "A=[2] B=[2]"},
    {"B=${X\?e}", "error"},
    {"B=${", "error"},
    {"B=${OUTER:\?e}", "B=[o]"},
    {"A=b\r\nC=d\r\n", "A=[b] C=[d]"},
    {"A='b'\r\nC=d", "A=[b] C=[d]"},
    {"A=\"b\"\r\n", "A=[b]"},
    {"\357\273\277A=b", "A=[b]"},
    {"A=\303\251", "A=[\303\251]"},
    {"\303\211=b", "\303\211=[b]"},
    {"A=b c", "A=[b c]"},
    {"A=b  c  ", "A=[b  c]"},
    {"A=b=c", "A=[b=c]"},
    {"A==b", "A=[=b]"},
    {"A='b'c", "A=[b]"},
    {"A=\"b\"c", "A=[b]"},
    {"A=\"b\" c", "A=[b]"},
    {"A B=c", "error"},
    {"A-B=c", "A-B=[c]"},
    {"A.B=c", "A.B=[c]"},
    {"A[0]=c", "A[0]=[c]"},
    {"A/B=c", "error"},
    {"A@=c", "error"},
    {"1A=b", "1A=[b]"},
    {"_=b", "_=[b]"},
    {"=b", "error"},
    {":b", "error"},
    {"A\nB=c", "B=[c]"},
    {"A='b", "error"},
    {"A=\"b", "error"},
    {"A=\"b\nC=d", "error"},
    {"A=`b`", "A=[`b`]"},
    {"A={\"x\": 1}", "A=[{\"x\": 1}]"},
    {"A=[1,2]", "A=[[1,2]]"},
    {"A=http://x:80/y\?z=1#f", "A=[http://x:80/y\?z=1#f]"},
    {"A=http://x #f", "A=[http://x]"},
    {"A=a,b;c", "A=[a,b;c]"},
    {"A=*", "A=[*]"},
    {"A=~", "A=[~]"},
    {"A=\\", "A=[\\]"},
    {"A='\\'", "error"},
    {"A=\\n", "A=[\\n]"},
    {"A=a\\ b", "A=[a\\ b]"},
    {"A=\"a\\\nb\"", "A=[a\\\nb]"},
    {"A=%d", "A=[%d]"},
    {"A=!x", "A=[!x]"},
    {"A=a:b", "A=[a:b]"},
    {"A:b=c", "A=[b=c]"},
    {"export", ""},
    {"export A", ""},
    {"export OUTER", "OUTER=[o]"},
    {"export A='x y'", "A=[x y]"},
    {"\n\n\nA=b\n\n", "A=[b]"},
    {"A=b\n\n\nC=d", "A=[b] C=[d]"},
    {"A=b\n  C=d", "A=[b] C=[d]"},
    {"A= 'b'", "A=[b]"},
    {"A=  \"b\"  ", "A=[b]"},
    {"A=\"b\"\n\"C\"=d", "error"},
    {"'A'=b", "error"},
    {"A=true", "A=[true]"},
    {"A=0x1", "A=[0x1]"},
    {"A=null", "A=[null]"},
    {"A=b\\\nC=d", "A=[b\\] C=[d]"},
};

TEST(Dotenv, ReadsWhatComposeReads) {
  for (const Case& one : cases) EXPECT_EQ(parsed(one.text, parse_dotenv), one.expected) << one.text;
}

TEST(Dotenv, RawFormatKeepsEverythingBehindTheEqualsSign) {
  constexpr Case raw[] = {
      {"A=\"b\" # c\n", "A=[\"b\" # c]"},
      {"A='$X'\r\n#x\nOUTER", "A=['$X'] OUTER=[o]"},
      {"  A=b ", "A=[b ]"},
      {"=x", "error"},
      {"A", ""},
  };
  for (const Case& one : raw) EXPECT_EQ(parsed(one.text, parse_raw_env), one.expected) << one.text;
}

TEST(Dotenv, ErrorsNameLineAndColumn) {
  try {
    parse_dotenv("A=b\n\nB='c\nd", {});
    FAIL();
  } catch (const DotenvError& error) {
    EXPECT_EQ(error.line, 3);
    EXPECT_EQ(error.column, 3);
    EXPECT_EQ(error.message, "a quote is never closed");
  }
}

}  // namespace
}  // namespace estiba::spec
