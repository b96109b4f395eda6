// !reset and !override, however many files, extends and merge keys are in play. Each row: files in
// order, and the service "a" as it is printed, its image and network mode left out.
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

struct Row {
  std::string name;
  std::vector<std::string> files;
  std::string expected;
  std::string base_file = {};  ///< "base.yaml", for extends
};

// What every row begins with: a service with something of each kind.
const std::string start =
    "services:\n"
    "  a:\n"
    "    image: x\n"
    "    network_mode: none\n"
    "    command: [one]\n"
    "    labels: {k: v, l: w}\n"
    "    ports: ['80:80']\n";

std::string over(const std::string& body) { return "services: {a: {" + body + "}}\n"; }

const std::string base_of_all =
    "services:\n"
    "  base: {image: x, network_mode: none, user: me, ports: ['70:70'], labels: {b: c}}\n"
    "  mid:\n    extends: base\n    ports: !override ['71:71']\n    user: !reset null\n";

const std::vector<Row> rows{
    {"ResetInTheSecond", {start, over("ports: !reset []")}, "command one; labels k l"},
    {"ResetInTheThird",
     {start, over("user: me"), over("ports: !reset []")},
     "command one; labels k l; user me"},
    {"ResetThenSetAgain",
     {start, over("ports: !reset []"), over("ports: ['90:90']")},
     "command one; labels k l; ports 90"},
    {"ResetTwice",
     {start, over("ports: !reset []"), over("ports: !reset []")},
     "command one; labels k l"},
    {"ResetWithAValueTakesNone", {start, over("ports: !reset ['1:1']")}, "command one; labels k l"},
    {"ResetOfWhatIsNotThere",
     {start, over("user: !reset me")},
     "command one; labels k l; ports 80"},
    {"ResetInTheFirstIsNothing", {over("image: x, network_mode: none, ports: !reset ['1:1']")}, ""},
    {"ResetInTheFirstThenSet",
     {over("image: x, network_mode: none, ports: !reset ['1:1']"), over("ports: ['2:2']")},
     "ports 2"},
    {"ResetOfOneKey", {start, over("labels: {k: !reset null}")}, "command one; labels l; ports 80"},
    {"ResetOfOneKeyThenSet",
     {start, over("labels: {k: !reset null}"), over("labels: {k: z}")},
     "command one; labels k l; ports 80"},
    {"ResetOfAllKeys",
     {start, over("labels: {k: !reset null, l: !reset null}")},
     "command one; ports 80"},
    {"ResetOfAService",
     {start, "services: {a: !reset null}\n", over("image: x, network_mode: none, user: me")},
     "user me"},
    {"ResetBesideOverride",
     {start, over("ports: !override ['81:81'], labels: !reset {}")},
     "command one; ports 81"},
    {"OverrideOfAList",
     {start, over("ports: !override ['81:81']")},
     "command one; labels k l; ports 81"},
    {"OverrideThenMore",
     {start, over("ports: !override ['81:81']"), over("ports: ['82:82']")},
     "command one; labels k l; ports 81 82"},
    {"OverrideTwice",
     {start, over("ports: !override ['81:81']"), over("ports: !override ['82:82']")},
     "command one; labels k l; ports 82"},
    {"OverrideOfAMapping",
     {start, over("labels: !override {z: z}")},
     "command one; labels z; ports 80"},
    {"OverrideOfAMappingByAList",
     {start, over("labels: !override [z=z]")},
     "command one; labels z; ports 80"},
    {"OverrideOfAService",
     {start, "services: {a: !override {image: x, network_mode: none}}\n"},
     ""},
    {"OverrideOfAServiceThenMore",
     {start, "services: {a: !override {image: x, network_mode: none}}\n", over("user: me")},
     "user me"},
    {"OverrideWithAResetWithin",
     {start, over("labels: !override {z: z, y: !reset y}"), over("labels: {y: again}")},
     "command one; labels y z; ports 80"},
    {"OverrideInAnotherDocument",
     {start + "---\n" + over("ports: !override ['81:81']")},
     "command one; labels k l; ports 81"},
    {"ResetInAnotherDocument",
     {start + "---\n" + over("ports: !reset []") + "---\n" + over("ports: ['82:82']")},
     "command one; labels k l; ports 82"},
    {"ResetByAMergeKey",
     {start,
      "x-no: &no {ports: !reset [], command: !reset []}\n"
      "services: {a: {<<: *no, user: me}}\n"},
     "labels k l; user me"},
    {"OverrideByAMergeKey",
     {start,
      "x-no: &no {ports: !override ['81:81']}\n"
      "services: {a: {<<: *no}}\n"},
     "command one; labels k l; ports 81"},
    {"OwnValueBeforeAMergeKeysReset",
     {start,
      "x-no: &no {ports: !reset []}\n"
      "services: {a: {<<: *no, ports: ['82:82']}}\n"},
     "command one; labels k l; ports 80 82"},
    {"ResetOfWhatIsExtended",
     {"services: {a: {extends: {file: base.yaml, service: base}, ports: !reset [], user: !reset "
      "me}}\n"},
     "labels b",
     base_of_all},
    {"OverrideOfWhatIsExtended",
     {"services: {a: {extends: {file: base.yaml, service: base}, ports: !override ['1:1']}}\n"},
     "labels b; ports 1; user me",
     base_of_all},
    {"TagsAlongAChain",
     {"services: {a: {extends: {file: base.yaml, service: mid}, ports: ['1:1']}}\n"},
     "labels b; ports 1 71",
     base_of_all},
    {"ResetOfWhatIsExtendedAndInTheFirst",
     {start, "services: {a: {extends: {file: base.yaml, service: base}, ports: !reset []}}\n"},
     "command one; labels b k l; user me",
     base_of_all},
    {"ResetOfAKeyOfWhatIsExtendedAndInTheFirst",
     {start,
      "services: {a: {extends: {file: base.yaml, service: base}, labels: {b: !reset x, k: !reset "
      "x}}}\n"},
     "command one; labels l; ports 70 80; user me",
     base_of_all},
    {"OverrideOfWhatIsExtendedAndInTheFirst",
     {start,
      "services: {a: {extends: {file: base.yaml, service: base}, ports: !override ['1:1']}}\n"},
     "command one; labels b k l; ports 1; user me",
     base_of_all},
    {"ResetBehindWhatIsExtended",
     {"services: {a: {extends: {file: base.yaml, service: base}}}\n", over("ports: !reset []"),
      over("ports: ['3:3']")},
     "labels b; ports 3; user me",
     base_of_all},
};

std::string brief(const Service& service) {
  std::string out;
  auto add = [&](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
  if (service.command && !service.command->empty()) add("command " + service.command->front());
  std::string labels;
  for (const auto& [key, value] : service.labels) labels += " " + key;
  if (!labels.empty()) add("labels" + labels);
  std::vector<int> targets;
  for (const Port& port : service.ports) targets.push_back(port.target);
  std::sort(targets.begin(), targets.end());
  std::string ports;
  for (int target : targets) ports += " " + std::to_string(target);
  if (!ports.empty()) add("ports" + ports);
  if (!service.user.empty()) add("user " + service.user);
  return out;
}

class Tags : public testing::TestWithParam<Row> {};

TEST_P(Tags, Hold) {
  ProjectDir dir({});
  for (size_t i = 0; i < GetParam().files.size(); ++i) {
    std::string name = "f" + std::to_string(i) + ".yaml";
    dir.write(name, GetParam().files[i]);
    dir.options.files.push_back(name);
  }
  if (!GetParam().base_file.empty()) dir.write("base.yaml", GetParam().base_file);
  Project project = dir.project();
  ASSERT_TRUE(project.services.contains("a"));
  EXPECT_EQ(brief(project.services.at("a")), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Combined, Tags, testing::ValuesIn(rows),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace estiba::spec
