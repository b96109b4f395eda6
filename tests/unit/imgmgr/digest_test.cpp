// A digest is one by its form, or it is none at all.
#include "imgmgr/digest.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

const std::string digits(64, 'a');

TEST(Digests, AreSixtyFourLowerCaseDigitsBehindTheirAlgorithm) {
  auto digest = Digest::parse("sha256:" + digits);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->text(), "sha256:" + digits);
  EXPECT_EQ(digest->hex(), digits);
  EXPECT_EQ(digest->shown(), "aaaaaaaaaaaa");
}

TEST(Digests, AreNothingElse) {
  for (const std::string& text :
       {std::string(), std::string("sha256"), std::string("sha256:"), digits, "sha256" + digits,
        "sha256:" + digits.substr(1), "sha256:" + digits + "a", "SHA256:" + digits,
        "sha256:" + std::string(64, 'A'), "sha256:" + digits.substr(1) + "/",
        "sha256:../../" + digits.substr(6), " sha256:" + digits, "sha256:" + digits + "\n",
        "sha256:" + digits.substr(1) + std::string(1, '\0'), "sha512:" + digits + digits})
    EXPECT_FALSE(Digest::parse(text)) << text;
}

TEST(Digests, OfContentAreThoseOfSha256) {
  EXPECT_EQ(Digest::of("abc").text(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digests, ThatAreNoneAreQuotedInOneLine) {
  try {
    Digest::required("no\n\x1b[2Jdigest");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "\"no  [2Jdigest\" is not a sha256 digest");
  }
}

TEST(ForeignTexts, AreShownAsOneShortLine) {
  EXPECT_EQ(one_line(" a\tb\r\n"), "a b");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "b"),
            "a  b");
  EXPECT_EQ(one_line("\xc2"), "\xc2");
  EXPECT_EQ(one_line(std::string(299, 'a') + "\xc3\xa4"), std::string(299, 'a'));
  EXPECT_EQ(one_line(std::string(1000, 'a')).size(), 300U);
}

}  // namespace
}  // namespace estiba::img
