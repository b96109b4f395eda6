// The texts that a user sees, whole: they are as much a contract as the model.
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

TEST(Diagnostics, ShowPlacePathSuggestionAndCaret) {
  EXPECT_EQ(
      messages_of("services:\n  web:\n    imagee: nginx\n"),
      "compose.yaml:3:5: services.web: unknown attribute \"imagee\"; did you mean \"image\"?\n"
      "      imagee: nginx\n"
      "      ^\n");
}

TEST(Diagnostics, ReportEveryMistakeInFileOrder) {
  EXPECT_EQ(messages_of("services:\n"
                        "  web:\n"
                        "    image: 5\n"
                        "    prots: [\"80:80\"]\n"
                        "    cgroup: hots\n"
                        "    depends_on: db\n"),
            "compose.yaml:3:12: services.web.image: must be a string, not a number; quote it: "
            "\"5\"\n"
            "      image: 5\n"
            "             ^\n"
            "compose.yaml:4:5: services.web: unknown attribute \"prots\"; did you mean \"ports\"?\n"
            "      prots: [\"80:80\"]\n"
            "      ^\n"
            "compose.yaml:5:13: services.web.cgroup: \"hots\" is not one of host, private; did you "
            "mean \"host\"?\n"
            "      cgroup: hots\n"
            "              ^\n"
            "compose.yaml:6:17: services.web.depends_on: must be a list of service names or a "
            "mapping, not a string; begin each item with \"- \"\n"
            "      depends_on: db\n"
            "                  ^\n");
}

TEST(Diagnostics, SayThatAnEmptyKeyHasNoValue) {
  EXPECT_EQ(messages_of("services:\n  a:\n    image: x\n    environment:\n    user: u\n"),
            "compose.yaml:4:5: services.a.environment: must be a mapping or a list of KEY=VALUE, "
            "not empty; remove the key or give it a value\n"
            "      environment:\n"
            "      ^\n");
}

TEST(Diagnostics, CountColumnsInCharactersNotBytes) {
  EXPECT_EQ(messages_of("services: {a: {image: \"\u00fc\", foo: 1}}\n"),
            "compose.yaml:1:28: services.a: unknown attribute \"foo\"\n"
            "  services: {a: {image: \"\u00fc\", foo: 1}}\n"
            "                             ^\n");
}

TEST(Diagnostics, CutLongLinesAroundThePlace) {
  std::string text = messages_of("services: {a: {command: [\"" + std::string(5000, 'x') +
                                 "\"], image: x, foo: 1}}\n");
  EXPECT_LT(text.size(), 400u);
  EXPECT_NE(text.find("foo: 1"), std::string::npos);
}

TEST(Diagnostics, NeverPassStrayBytesToTheTerminal) {
  std::string text = messages_of("services: {a: {image: \"\xe9\x1b[31m\"}}\n");
  EXPECT_EQ(text.find('\xe9'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Diagnostics, CutAFloodOff) {
  std::string text = "services:\n";
  for (int i = 0; i < 500; ++i) text += "  s" + std::to_string(i) + ": {imag: x}\n";
  EXPECT_NE(messages_of(text).find("and 400 more findings like these"), std::string::npos);
}

TEST(BadYaml, ATabInIndentation) {
  EXPECT_EQ(messages_of("services:\n\ta:\n"),
            "compose.yaml:2:1: a tab is used for indentation; YAML wants spaces\n"
            "  \ta:\n"
            "  ^\n");
}

TEST(BadYaml, AMissingBlankAfterAColon) {
  EXPECT_EQ(messages_of("services:\n  a:\n    image:x\n    command: y\n"),
            "compose.yaml:3:10: a blank is missing after this colon; write \"key: value\"\n"
            "      image:x\n"
            "           ^\n");
}

TEST(BadYaml, AQuoteThatIsNeverClosedIsShownWhereItOpens) {
  EXPECT_EQ(messages_of("services:\n  a:\n    image: \"x\n    command: y\n"),
            "compose.yaml:3:12: a quote is never closed; add the closing quote\n"
            "      image: \"x\n"
            "             ^\n");
}

TEST(BadYaml, ABracketThatIsNeverClosedIsShownWhereItOpens) {
  EXPECT_EQ(messages_of("services:\n  a: {image: x\n"),
            "compose.yaml:2:6: a \"{\" is never closed; close it with \"}\"\n"
            "    a: {image: x\n"
            "       ^\n");
}

TEST(BadYaml, AKeyWrittenTwice) {
  EXPECT_EQ(messages_of("services:\n  a: {image: x}\n  b: {image: x}\n  a: {image: y}\n"),
            "compose.yaml:4:3: key \"a\" is written twice in this mapping; the first is on line 2\n"
            "    a: {image: y}\n"
            "    ^\n");
}

TEST(BadYaml, IsBoundedForHostileFiles) {
  std::string deep = std::string(10000, '[') + std::string(10000, ']');
  EXPECT_NE(messages_of("x-a: " + deep).find("nested more than 100"), std::string::npos);
  EXPECT_NE(messages_of("x-a: " + std::string(10000, '[')), "");
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) laughs += below + (j < 8 ? "," : "]\n");
  }
  EXPECT_NE(messages_of(laughs).find("aliases expand"), std::string::npos);
}

TEST(BadFiles, AreErrorsThatNameThem) {
  EXPECT_NE(messages_of("").find("this file is empty"), std::string::npos);
  EXPECT_NE(messages_of("- a\n").find("a Compose file is a mapping, not a list"),
            std::string::npos);
  EXPECT_NE(messages_of(std::string("a: \0b\n", 6)).find("control character"), std::string::npos);
  EXPECT_NE(messages_of("services: {a: {image: x, env_file: [/dev/zero, /tmp]}}\n")
                .find("/dev/zero is a device or a socket"),
            std::string::npos);
}

TEST(BadFiles, ByteOrderMarkAndCarriageReturnsAreFine) {
  EXPECT_EQ(messages_of("\xef\xbb\xbfservices:\r\n  a:\r\n    image: x\r\n"), "");
}

TEST(Consistency, PrintsTheWholeCircleOfDependencies) {
  EXPECT_EQ(messages_of("services:\n"
                        "  a: {image: x, depends_on: [b]}\n"
                        "  b: {image: x, depends_on: [c]}\n"
                        "  c: {image: x, depends_on: [a]}\n"),
            "compose.yaml:4:30: services: services depend on each other in a circle: a -> b -> c "
            "-> a; remove one of these dependencies\n"
            "    c: {image: x, depends_on: [a]}\n"
            "                               ^\n");
}

TEST(Consistency, NamesWhatDoesNotExist) {
  EXPECT_EQ(messages_of("services:\n"
                        "  a:\n"
                        "    image: x\n"
                        "    volumes: [\"dta:/d\"]\n"
                        "    networks: [front]\n"
                        "volumes: {data: {}}\n"),
            "compose.yaml:4:15: services.a.volumes[0]: there is no volume \"dta\"; did you mean "
            "\"data\"?\n"
            "      volumes: [\"dta:/d\"]\n"
            "                ^\n"
            "compose.yaml:5:16: services.a.networks: there is no network \"front\"; define it "
            "under networks:\n"
            "      networks: [front]\n"
            "                 ^\n");
}

TEST(Consistency, RefusesWhatExcludesEachOther) {
  EXPECT_NE(messages_of("services: {a: {command: x}}").find("neither an image nor a build"),
            std::string::npos);
  EXPECT_NE(messages_of("services: {a: {image: x, network_mode: host, networks: [default]}}")
                .find("exclude each other"),
            std::string::npos);
  EXPECT_NE(messages_of("services: {a: {image: x, container_name: n1, scale: 2}}")
                .find("one replica only"),
            std::string::npos);
  EXPECT_NE(messages_of("services: {a: {image: x, cpus: 1, deploy: {resources: {limits: {cpus: "
                        "2}}}}}")
                .find("say different things"),
            std::string::npos);
}

TEST(Schema, NewerAttributesNeedASwitch) {
  std::string text = "services: {a: {image: x, pre_start: [{command: a}]}}";
  EXPECT_NE(messages_of(text).find("newer than Docker Compose 2.40"), std::string::npos);
  ProjectDir dir({{"compose.yaml", text}});
  dir.options.environment["COMPOSE_EXPERIMENTAL"] = "1";
  EXPECT_EQ(dir.project().services.at("a").pre_start.size(), 1u);
}

}  // namespace
}  // namespace estiba::spec
