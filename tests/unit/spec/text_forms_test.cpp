// Templates, YAML output, and the way there and back.
#include "compose-spec/template.hpp"
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

std::string expand(const std::string& text) {
  std::map<std::string, std::string> values{{"A", "a"}, {"E", ""}, {"B_1", "b"}};
  Template expansion(
      [&](const std::string& name) {
        auto found = values.find(name);
        return found == values.end() ? nullptr : &found->second;
      },
      nullptr);
  try {
    return expansion.expand(text);
  } catch (const TemplateError& error) {
    return "error: " + error.message;
  }
}

TEST(Template, KnowsAllForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"$A", "a"},
      {"${A}", "a"},
      {"x${A}y$B_1-z", "xayb-z"},
      {"$U", ""},
      {"${U:-d}", "d"},
      {"${U-d}", "d"},
      {"${E:-d}", "d"},
      {"${E-d}", ""},
      {"${A:+r}", "r"},
      {"${E:+r}", ""},
      {"${E+r}", "r"},
      {"${U+r}", ""},
      {"${U:-${A}${E:-e}}", "ae"},
      {"$$A", "$A"},
      {"$${A}", "${A}"},
      {"$(date) $5 a$", "$(date) $5 a$"},
      {"${U:?no}", "error: required variable U is missing a value: no"},
      {"${E:?}", "error: required variable E is missing a value"},
      {"${E?no}", ""},
      {"${A", "error: \"${\" is never closed"},
      {"${A!}", "error: \"${A!}\" is no valid variable"},
      {"${}", "error: \"${}\" is no valid variable"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(expand(text), expected) << text;
}

TEST(Template, WithoutDollarIsIdentity) {
  for (const char* text : {"", "a", "{}", "a}b{c", "\\", "\xc3\xa9"}) EXPECT_EQ(expand(text), text);
}

TEST(Template, CollectsVariables) {
  std::map<std::string, Variable> found;
  collect_variables("$A ${B:-${C}} ${D:?x} ${E+y} $$F", found);
  EXPECT_EQ(found.size(), 5u);
  EXPECT_EQ(found["B"].default_value, "${C}");
  EXPECT_TRUE(found["D"].required);
  EXPECT_EQ(found["E"].presence_value, "y");
}

constexpr const char* everything = R"(
x-top: {b: 1, a: [1, 2.5, "x", yes, null]}
services:
  a:
    image: x
    annotations: [a=b]
    attach: false
    command: echo "a b" $$c
    depends_on: {b: {condition: service_healthy}}
    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 50M}}, labels: [x=y]}
    devices: [/dev/a, "/dev/b:/dev/c:r"]
    dns: 8.8.8.8
    environment: {A: 1, B: , C: "a\nb\n", D: " lead", E: "yes", F: "12", G: "a: b", H: "#x", I: "-"}
    extra_hosts: ["h:1.2.3.4", "b=::1"]
    gpus: all
    healthcheck: {test: echo hi, interval: 10s, retries: 5}
    init: true
    labels: {a.b: 1, c: , "on": "2001-01-01", t: "22:30", q: "it's", w: "a\tb"}
    networks: {n1: {aliases: [x], priority: 100}}
    ports: [3000, "127.0.0.1:5000-5002:5000-5002/udp", {target: 80, published: 8080, mode: host}]
    post_start: [{command: a b, user: root, environment: [A=B]}]
    secrets: [s1, {source: s2, target: /x, mode: "0440", uid: "1"}]
    stop_grace_period: 20s
    sysctls: {net.x: 1}
    tmpfs: /run
    ulimits: {nproc: 65535, nofile: {soft: 1, hard: 2}}
    volumes: ["v1:/v1", "./d:/d:ro", {type: bind, source: ./x, target: /xx, bind: {create_host_path: false}}]
    x-foo: {z: 1}
  b:
    build: {context: ./b, args: {A: 1}, ssh: [default], additional_contexts: {r: ./q}}
    healthcheck: {test: [CMD, "true"]}
  c: {image: y, profiles: [p]}
networks: {n1: {ipam: {config: [{subnet: 10.0.0.0/24}]}, internal: true}}
volumes: {v1: {labels: {a: 1}}}
secrets: {s1: {file: ./s1}, s2: {environment: HOME}}
)";

TEST(RoundTrip, TransferJsonGivesTheSameProject) {
  ProjectDir dir({{"compose.yaml", everything}});
  Loaded loaded = load(dir.options);
  ASSERT_TRUE(loaded.project) << dir.messages();
  EXPECT_TRUE(from_canonical_json(loaded.transfer_json) == *loaded.project);
}

TEST(RoundTrip, CanonicalJsonGivesTheSameServices) {
  ProjectDir dir({{"compose.yaml", everything}});
  Loaded loaded = load(dir.options);
  Service there = loaded.project->services.at("b");
  there.place = {};
  EXPECT_TRUE(from_canonical_json(loaded.canonical_json).services.at("b") == there);
}

TEST(RoundTrip, YamlReadAgainPrintsTheSame) {
  ProjectDir dir({{"compose.yaml", everything}});
  std::string first = dir.yaml();
  dir.write("compose.yaml", first);
  EXPECT_EQ(dir.yaml(), first);
}

TEST(Yaml, QuotesOnlyWhatWouldBeReadAsSomethingElse) {
  EXPECT_EQ(
      yaml_of("services: {a: {image: x, network_mode: none, labels: {a: \"yes\", b: \"1\", "
              "c: \"a: b\", d: plain, e: \"\", f: \"x # y\", g: \"l1\\nl2\\n\", h: \"a\\tb\", "
              "i: \"9000-9002\"}}}"),
      "name: p\n"
      "services:\n"
      "  a:\n"
      "    image: x\n"
      "    labels:\n"
      "      a: \"yes\"\n"
      "      b: \"1\"\n"
      "      c: 'a: b'\n"
      "      d: plain\n"
      "      e: \"\"\n"
      "      f: 'x # y'\n"
      "      g: |\n"
      "        l1\n"
      "        l2\n"
      "      h: \"a\\tb\"\n"
      "      i: 9000-9002\n"
      "    network_mode: none\n");
}

TEST(Options, LeaveVariablesPathsAndNamesAlone) {
  ProjectDir dir({{"compose.yaml", "services: {a: {image: \"x$V\", build: ./c}}"}});
  dir.options.interpolate = false;
  dir.options.resolve_paths = false;
  dir.options.normalize = false;
  std::string yaml = dir.yaml();
  EXPECT_NE(yaml.find("image: x$V\n"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("context: ./c\n"), std::string::npos) << yaml;
  EXPECT_EQ(yaml.find("default"), std::string::npos) << yaml;
}

}  // namespace
}  // namespace estiba::spec
