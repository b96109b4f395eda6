// Foreign JSON: whatever it is, it ends in a value of the wanted type or in one Error.
#include "base/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace estiba {
namespace {

std::string failure(const std::string& text) {
  try {
    parse_json(text, "it");
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(JsonText, ThatCannotBeHeldIsRefusedInOneSentence) {
  EXPECT_EQ(failure("{"), "it is not valid JSON (at byte 2)");
  EXPECT_EQ(failure("1e999"), "it holds a number that is out of all bounds");
  EXPECT_EQ(failure("\"\xff\""), "it is not valid JSON (at byte 2)");
}

TEST(JsonText, MayBeNestedOnlySoDeep) {
  EXPECT_EQ(failure(repeated("[", 500) + repeated("]", 500)), "");
  EXPECT_EQ(failure(repeated("[", 501) + repeated("]", 501)),
            "it is nested more than 500 levels deep, which is refused");
  EXPECT_EQ(failure(repeated("{\"a\":", 1'000'000)),
            "it is nested more than 500 levels deep, which is refused");
  EXPECT_EQ(failure(repeated("[],", 0) + "[\"" + repeated("[", 1000) + "\\\"[{\"]"), "")
      << "what stands in a text opens nothing";
}

TEST(JsonText, MayHaveOnlySoManyMembersInOneObject) {
  std::string members;
  for (int i = 0; i < 10'000; ++i) members += "\"" + std::to_string(i) + "\":0,";
  EXPECT_EQ(failure("{" + members.substr(0, members.size() - 1) + "}"), "");
  EXPECT_EQ(failure("{" + members + "\"x\":0}"),
            "it has an object of more than 10000 members, which is refused");
}

TEST(JsonText, IsWrittenFromAnyBytes) {
  EXPECT_EQ(to_text(Json{{"a", "\xff"}}), "{\"a\":\"\xef\xbf\xbd\"}");
}

template <typename Get>
std::string answer(Get get) {
  try {
    get();
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(JsonMembers, HaveTheirTypeOrAreRefused) {
  Json all = parse_json(
      R"({"big":18446744073709551615,"real":1.5,"list":[1],"objects":[{},1],"text":"a","less":-1})",
      "it");
  EXPECT_EQ(answer([&] { json::int_at(all, "big"); }), "\"big\" must be an integer of 64 bits");
  EXPECT_EQ(answer([&] { json::int_at(all, "real"); }), "\"real\" must be an integer");
  EXPECT_EQ(answer([&] { json::strings_at(all, "list"); }), "\"list\" must be a list of strings");
  EXPECT_EQ(answer([&] { json::objects_at(all, "objects"); }),
            "\"objects\" must be a list of objects");
  EXPECT_EQ(answer([&] { json::objects_at(all, "text"); }), "\"text\" must be a list of objects");
  EXPECT_EQ(answer([&] { json::object_at(all, "list"); }), "\"list\" must be an object");
  EXPECT_EQ(answer([&] { json::names_at(all, "text"); }), "\"text\" must be an object");
  EXPECT_EQ(answer([&] { json::required_object(all, "none"); }), "\"none\" is missing");
  EXPECT_EQ(answer([&] { json::required_size(all, "less"); }), "\"less\" must not be negative");
  EXPECT_EQ(answer([&] { json::object_at(all["list"], "a"); }),
            "expected an object with the member \"a\"");
}

TEST(JsonMembers, ThatAreMissingAreNothing) {
  Json all = parse_json(R"({"null":null,"set":{"b":{},"a":{}}})", "it");
  EXPECT_EQ(json::object_at(all, "null"), nullptr);
  EXPECT_TRUE(json::objects_at(all, "none").empty());
  EXPECT_EQ(json::names_at(all, "set"), (std::vector<std::string>{"b", "a"}));
}

}  // namespace
}  // namespace estiba
