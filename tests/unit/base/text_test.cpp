#include "base/text.hpp"

#include <gtest/gtest.h>

namespace estiba {
namespace {

TEST(ShellSplit, KeepsQuotedBlanks) {
  EXPECT_EQ(*text::shell_split(R"(sh -c 'a b' "c \"d\"" e\ f)"),
            (std::vector<std::string>{"sh", "-c", "a b", "c \"d\"", "e f"}));
}

TEST(ShellSplit, AnEmptyQuoteIsAWord) {
  EXPECT_EQ(*text::shell_split("a '' b"), (std::vector<std::string>{"a", "", "b"}));
}

TEST(ShellSplit, RefusesAnOpenQuote) { EXPECT_FALSE(text::shell_split("a 'b")); }

TEST(Nearest, FindsTheMistypedWord) {
  std::vector<std::string> words{"image", "build", "init"};
  EXPECT_EQ(text::nearest("imagee", words), "image");
  EXPECT_EQ(text::nearest("iamge", words), "image");
  EXPECT_FALSE(text::nearest("zzzzz", words));
}

}  // namespace
}  // namespace estiba
