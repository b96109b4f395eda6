#include "orchestrator/server/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& bytes) {
  try {
    parse_request(bytes);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Request, IsAMethodWithItsParams) {
  Request request = parse_request(R"({"method": "ps", "params": {"project": "shop"}})");
  EXPECT_EQ(request.method, "ps");
  EXPECT_EQ(request.params.at("project"), "shop");
  EXPECT_TRUE(parse_request(R"({"method": "ps"})").params.is_object());
  EXPECT_TRUE(parse_request(R"({"method": "ps", "params": null})").params.is_object());
}

TEST(Request, ThatIsNoneIsRefusedInOneSentence) {
  for (const char* bytes : {"", "x", "[]", "1", "null", "\"ps\"", "{}", "{\"method\": 1}",
                            R"({"method": "ps", "params": []})", R"({"method": "nosuch"})",
                            "{\"method\": \"ps\xff\"}", R"({"method": "ps"} {"method": "ps"})"})
    EXPECT_NE(refusal(bytes), "") << bytes;
}

TEST(Request, NamesTheMemberThatHasAnotherType) {
  EXPECT_THAT(refusal(R"({"method": "ps", "params": {"project": 1}})"), HasSubstr("\"project\""));
  EXPECT_THAT(refusal(R"({"method": "exec", "params": {"id": "a", "args": ["x", 1]}})"),
              HasSubstr("\"args\" must be a list of strings"));
  EXPECT_THAT(refusal(R"({"method": "exec", "params": {}})"), HasSubstr("\"id\" is missing"));
  EXPECT_THAT(
      refusal(R"({"method": "network_create", "params": {"name": "n", "labels": {"a": 1}}})"),
      HasSubstr("\"labels\""));
  EXPECT_THAT(
      refusal(R"({"method": "up", "params": {"project": {}, "options": {"scale": {"a": -1}}}})"),
      HasSubstr("\"scale\""));
  EXPECT_THAT(refusal(R"({"method": "up", "params": {"project": "shop"}})"),
              HasSubstr("\"project\""));
}

TEST(Request, HoldsNoTimeThatOverflows) {
  for (const char* time : {"9223372036854775807", "18446744073709551615", "1e300", "1.5", "\"1\""})
    EXPECT_NE(refusal(std::string(R"({"method": "stop", "params": {"project": "a", "timeout": )") +
                      time + "}}"),
              "")
        << time;
  EXPECT_EQ(refusal(R"({"method": "stop", "params": {"project": "a", "timeout": 10}})"), "");
}

TEST(Request, NestedWithoutEndIsRefusedBeforeItIsParsed) {
  std::string deep(1'000'000, '[');
  EXPECT_THAT(refusal(R"({"method": "up", "params": {"project": )" + deep), HasSubstr("nested"));
  std::string brackets =
      R"({"method": "ps", "params": {"project": ")" + std::string(500, '[') + "\"}}";
  EXPECT_EQ(refusal(brackets), "") << "within a string they nest nothing";
}

TEST(Request, HoldsNoNulWhereATextEndsAtIt) {
  EXPECT_THAT(refusal(R"({"method": "volume_remove", "params": {"name": "a\u0000b"}})"),
              HasSubstr("NUL"));
  EXPECT_THAT(refusal(R"({"method": "exec", "params": {"id": "a", "args": ["a\u0000"]}})"),
              HasSubstr("NUL"));
  EXPECT_EQ(
      refusal(
          R"({"method": "up", "params": {"project": {"configs": {"c": {"content": "\u0000"}}}}})"),
      "");
}

TEST(Request, TakesDescriptorsOnlyWhereTheMethodDoes) {
  Request exec{"exec", Json::object()}, ps{"ps", Json::object()};
  EXPECT_NO_THROW(refuse_descriptors(exec, 3));
  EXPECT_NO_THROW(refuse_descriptors(exec, 0));
  EXPECT_NO_THROW(refuse_descriptors(ps, 0));
  EXPECT_THROW(refuse_descriptors(exec, 2), Error);
  EXPECT_THROW(refuse_descriptors(ps, 1), Error);
}

}  // namespace
}  // namespace estiba::orchestrator
