#include "base/visible.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace estiba {
namespace {

TEST(Visible, LeavesWordsOfAnyLanguageAlone) {
  for (const char* text : {"", "a b", "größe", "日本語", "🙂", "👩\u200d💻", "C:\\x1b", "…✔⠋"})
    EXPECT_EQ(visible(text), text);
}

TEST(Visible, ShowsWhatSteersATerminalAsAnEscape) {
  EXPECT_EQ(visible("\x1b[2J\x1b]0;title\a"), "\\x1b[2J\\x1b]0;title\\x07");
  EXPECT_EQ(visible("a\rb\bc\x7f"), "a\\x0db\\x08c\\u007f");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("\u009b31m"), "\\u009b31m") << "CSI as one character of C1";
  EXPECT_EQ(visible("\x9b"), "\\x9b") << "the same for a terminal that knows no UTF-8";
}

TEST(Visible, ShowsWhatTurnsTextAroundOrHidesIt) {
  EXPECT_EQ(visible("a\u202eb\u2066c\u2069\u200e"), "a\\u202eb\\u2066c\\u2069\\u200e");
  EXPECT_EQ(visible("a\u2028b"), "a\\u2028b");
  EXPECT_EQ(visible("\U000e0041"), "\\udb40\\udc41");
}

TEST(Visible, ShowsEachByteThatIsNotUtf8) {
  EXPECT_EQ(visible("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(visible("\xc0\x9b"), "\\xc0\\x9b") << "longer than needed";
  EXPECT_EQ(visible("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a pair of surrogates";
  EXPECT_EQ(visible("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last plane";
  EXPECT_EQ(visible("\xe2\x82"), "\\xe2\\x82") << "cut off";
}

TEST(Visible, KeepsLineEndsAndTabsOnlyOutsideOfCells) {
  EXPECT_EQ(visible("a\tb\nc\r\n"), "a\tb\nc\\x0d\n");
  EXPECT_EQ(visible("a\tb\nc", LineEnds::escaped), "a\\x09b\\x0ac");
}

TEST(Visible, LeavesJsonOfTheSameMeaning) {
  Json value{{"key\u202e", "del\x7f, c1\u009b, tag\U000e0041, esc\x1b, line\n"}};
  EXPECT_EQ(Json::parse(visible(json::dump(value))), value);
}

TEST(VisibleOutput, KeepsColoursAndNothingElse) {
  EXPECT_EQ(visible_output("\x1b[1;31mred\x1b[m", Colours::kept), "\x1b[1;31mred\x1b[m\x1b[0m");
  EXPECT_EQ(visible_output("\x1b[31mred", Colours::kept), "\x1b[31mred\x1b[0m") << "ended with it";
  EXPECT_EQ(visible_output("\x1b[31mred\x1b[0m", Colours::dropped), "red");
  EXPECT_EQ(visible_output("\x1b[2J\x1b[31", Colours::kept), "\\x1b[2J\\x1b[31");
}

TEST(JsonDump, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json::dump(Json{{"a", "\xff"}}), "{\"a\":\"\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace estiba
