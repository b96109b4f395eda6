#include "imgmgr/build/words.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/error.hpp"

namespace estiba::img::build {
namespace {

std::optional<std::string> lookup(const std::string& name) {
  static const std::map<std::string, std::string> variables = {
      {"A", "one"}, {"E", ""}, {"W", "two words"}, {"V", "foo-bar-bar.tar.gz"}};
  auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

std::string word(const std::string& text, const WordRules& rules = {}) {
  return expand_word(text, lookup, rules);
}

TEST(Words, QuotesAndEscapes) {
  EXPECT_EQ(word(R"(a\ b)"), "a b");
  EXPECT_EQ(word(R"("a \"b\" c")"), R"(a "b" c)");
  EXPECT_EQ(word(R"('it''s')"), "its");
  EXPECT_EQ(word(R"("line\nbreak")"), R"(line\nbreak)");
  EXPECT_EQ(word(R"('$A' "$A" \$A)"), "$A one $A");
  EXPECT_EQ(word(R"(C:\dir)", {.escape = '`'}), R"(C:\dir)");
}

TEST(Words, Modifiers) {
  EXPECT_EQ(word("${A} ${NO:-d} ${NO-d} ${E:-d} [${E-d}]"), "one d d d []");
  EXPECT_EQ(word("${A:+s} [${NO:+s}] [${E:+s}] ${E+s}"), "s [] [] s");
  EXPECT_EQ(word("${A:?m} ${NO:-${A}x}"), "one onex");
  EXPECT_EQ(word("$ $. a$"), "$ $. a$");
  EXPECT_THROW(word("${NO:?it must be given}"), Error);
  EXPECT_THROW(word("${A"), Error);
  EXPECT_THROW(word("${A!x}"), Error);
  EXPECT_THROW(word("${}"), Error);
}

TEST(Words, Patterns) {
  EXPECT_EQ(word("${V#foo-} ${V##*-} ${V#*-}"), "bar-bar.tar.gz bar.tar.gz bar-bar.tar.gz");
  EXPECT_EQ(word("${V%.gz} ${V%%.*} ${V%.*}"), "foo-bar-bar.tar foo-bar-bar foo-bar-bar.tar");
  EXPECT_EQ(word("${V/bar/x} ${V//bar/x} ${V//-/_}"),
            "foo-x-bar.tar.gz foo-x-x.tar.gz foo_bar_bar.tar.gz");
  EXPECT_EQ(word("${V#??"
                 "?-}"),
            "bar-bar.tar.gz");
}

TEST(Words, ValuesSplitOutsideQuotesOnly) {
  EXPECT_EQ(expand_words("$W \"$W\" x", lookup, {}),
            (std::vector<std::string>{"two", "words", "two words", "x"}));
}

TEST(Words, QuotesMeanNothingInAHeredocAndEscapesDo) {
  EXPECT_EQ(word(R"("q" '$A' \$A a\nb)", {.quoting = Quoting::none}), R"("q" 'one' $A anb)");
}

TEST(Words, UnsetOnesStayWhenAsked) {
  WordRules rules{.quotes = Quotes::kept, .unset = Unset::kept};
  EXPECT_EQ(word("\"$NO\" ${NO:-x} $A", rules), "\"$NO\" ${NO:-x} one");
}

TEST(Words, SplittingLeavesWordsAsWritten) {
  EXPECT_EQ(split_words(R"(A="b c" D=e\ f 'g h')", '\\'),
            (std::vector<std::string>{R"(A="b c")", R"(D=e\ f)", "'g h'"}));
}

}  // namespace
}  // namespace estiba::img::build
