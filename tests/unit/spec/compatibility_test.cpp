// What Docker Compose makes of files that are odd but valid, and what it refuses: seen in its own
// output, not in its documentation.
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

struct Overridden {
  std::string base, over, expected;
};

std::string service_yaml(const std::string& base, const std::string& over) {
  ProjectDir dir({{"compose.yaml", "services:\n  a:\n    image: x\n    " + base + "\n"},
                  {"compose.override.yaml", "services:\n  a:\n    " + over + "\n"}});
  std::string yaml = dir.yaml();
  size_t end = yaml.find("\nnetworks:");
  return yaml.substr(0, end + 1);
}

TEST(Override, AKeyWithoutValueChangesNothing) {
  for (const char* text : {"tty: true", "user: me", "scale: 2", "labels: {a: b}", "ports: ['80']",
                           "healthcheck: {test: x}", "pid: host", "volumes: ['/a:/b']"}) {
    std::string key = std::string(text).substr(0, std::string_view(text).find(':') + 1);
    EXPECT_EQ(service_yaml(text, key), service_yaml(text, "stdin_open: false")) << text;
  }
  EXPECT_EQ(service_yaml("command: y", "command:"), service_yaml("stdin_open: false", "command:"))
      << "the image's command again";
  EXPECT_EQ(service_yaml("environment: {A: 1}", "environment: {A: }"),
            service_yaml("environment: {A: }", "stdin_open: false"))
      << "a variable without value is taken from outside";
}

TEST(Paths, ThoseOfAnExtendedFileStaySeenFromTheProjectWhereNoneIsResolved) {
  ProjectDir dir({{"compose.yaml", "services: {a: {extends: {file: d/b.yaml, service: b}}}\n"},
                  {"d/b.yaml", "services: {b: {build: ./ctx, volumes: ['../v:/v']}}\n"}});
  dir.options.resolve_paths = false;
  std::string yaml = dir.yaml();
  EXPECT_NE(yaml.find("context: d/ctx\n"), yaml.npos) << yaml;
  EXPECT_NE(yaml.find("source: v\n"), yaml.npos) << yaml;
}

TEST(Paths, ThoseOfAnIncludedFileToo) {
  ProjectDir dir({{"compose.yaml", "include: [l1/a.yaml]\n"},
                  {"l1/a.yaml", "include: [l2/b.yaml]\n"},
                  {"l1/l2/b.yaml", "services: {b: {image: x, volumes: ['.:/w']}}\n"}});
  dir.options.resolve_paths = false;
  std::string yaml = dir.yaml();
  EXPECT_NE(yaml.find("source: l1/l2\n"), yaml.npos) << yaml;
}

TEST(Override, AFileWithoutContentIsNone) {
  ProjectDir dir(
      {{"compose.yaml", "services: {a: {image: x}}\n"}, {"compose.override.yaml", "# nothing\n"}});
  EXPECT_EQ(dir.messages(), "");
}

TEST(Override, ExtensionsMergeAsMappingsAndLists) {
  ProjectDir dir({{"compose.yaml", "services: {a: {image: x}}\nx-a: {b: 1}\nx-b: [1]\nx-c: 1\n"},
                  {"compose.override.yaml", "x-a: {c: 2}\nx-b: [2]\nx-c: {d: 1}\n"}});
  std::string yaml = dir.yaml();
  EXPECT_EQ(yaml.substr(yaml.find("x-a:")),
            "x-a:\n  b: 1\n  c: 2\nx-b:\n  - 1\n  - 2\nx-c:\n  d: 1\n");
}

TEST(Override, BuildSecretsAreNotToldApart) {
  ProjectDir dir({{"compose.yaml",
                   "services: {a: {build: {context: ., secrets: [s]}}}\n"
                   "secrets: {s: {file: s}}\n"},
                  {"compose.override.yaml", "services: {a: {build: {secrets: [s]}}}\n"}});
  EXPECT_EQ(dir.project().services.at("a").build->secrets.size(), 2u);
}

TEST(Profiles, WhatTakesNoPartIsNotChecked) {
  EXPECT_EQ(messages_of("services:\n"
                        "  a: {image: x}\n"
                        "  b: {profiles: [p], networks: [none], depends_on: [nobody, b]}\n"),
            "");
}

TEST(Commands, AreSplitAsGoShellwordsDoes) {
  struct Case {
    std::string text;
    std::vector<std::string> words;
  };
  const std::vector<Case> cases{
      {"a 'b c' \"d e\" f\\ g", {"a", "b c", "d e", "f g"}},
      {"a '' b", {"a", "", "b"}},
      {"npm install && npm start", {"npm", "install"}},
      {"a;b", {"a"}},
      {"a 2>&1", {"a"}},
      {"a x2>&1", {"a", "x2"}},
      {"a $$(b c) d", {"a", "$(b c)", "d"}},
      {"a `b c`", {"a", "`b c`"}},
      {"a 'b;c'", {"a", "b;c"}},
      {"a \"b\\\"c\"", {"a", "b\"c"}},
  };
  for (const Case& one : cases) {
    ProjectDir dir({{"compose.yaml",
                     "services:\n  a:\n    image: x\n    command: >-\n      " + one.text + "\n"}});
    EXPECT_EQ(dir.project().services.at("a").command, one.words) << one.text;
  }
}

TEST(Scalars, KeepTheTextsThatGoGivesThem) {
  Service service = service_of(
      "services: {a: {image: x, environment: {A: 1000000.0, B: 123456.5, C: 0.00001, "
      "D: 12345678901234567890, E: 0x10, F: 1_000, G: 1e3}}}");
  auto value = [&](const char* name) { return *service.environment.at(name); };
  EXPECT_EQ(value("A"), "1e+06");
  EXPECT_EQ(value("B"), "123456.5");
  EXPECT_EQ(value("C"), "1e-05");
  EXPECT_EQ(value("D"), "12345678901234567890");
  EXPECT_EQ(value("E"), "16");
  EXPECT_EQ(value("F"), "1000");
  EXPECT_EQ(value("G"), "1000");
}

TEST(Scalars, DatesInExtensionsPrintAsPointsInTime) {
  std::string yaml = yaml_of(
      "services: {a: {image: x}}\nx-a: 2021-1-2\nx-b: 2021-01-02 10:00:00.50\n"
      "x-c: 2021-13-01\nx-d: 2021-02-29\nx-e: 2021-01-02T10:00:00+02:00\n");
  EXPECT_EQ(yaml.substr(yaml.find("x-a:")),
            "x-a: 2021-01-02T00:00:00Z\nx-b: 2021-01-02T10:00:00.5Z\nx-c: \"2021-13-01\"\n"
            "x-d: \"2021-02-29\"\nx-e: 2021-01-02T10:00:00+02:00\n");
}

TEST(Files, TheEnvFileIsTheOneBesideTheFirstComposeFile) {
  ProjectDir dir({{"sub/c.yaml", "services: {a: {image: '${X:-none}'}}\n"}, {".env", "X=here\n"}});
  dir.options.files = {"sub/c.yaml"};
  EXPECT_EQ(dir.project().services.at("a").image, "none");
  dir.write("sub/.env", "X=there\n");
  EXPECT_EQ(dir.project().services.at("a").image, "there");
}

TEST(Files, ALabelFileMayUseTheOnesBeforeIt) {
  ProjectDir dir({{"compose.yaml", "services: {a: {image: x, label_file: [l1, l2]}}\n"},
                  {"l1", "A=1\n"},
                  {"l2", "B=$A-2\n"}});
  EXPECT_EQ(dir.project().services.at("a").labels.at("B"), "1-2");
}

TEST(Ports, AnEmptyProtocolIsTcp) {
  EXPECT_EQ(service_of("services: {a: {image: x, ports: ['80:80/']}}").ports.at(0).protocol, "tcp");
}

}  // namespace
}  // namespace estiba::spec
