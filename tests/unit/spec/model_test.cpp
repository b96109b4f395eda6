// From text to canonical YAML: short forms, merging, extending, including, profiles, files.
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

TEST(Canonical, ExpandsPortRangesAndAddresses) {
  auto ports = service_of(
                   "services: {a: {image: x, ports: ['127.0.0.1:8000-8001:80-81/udp', "
                   "'9000-9002:99', '[::1]:1:1', 53]}}")
                   .ports;
  ASSERT_EQ(ports.size(), 5u);
  EXPECT_EQ(ports[1].host_ip, "127.0.0.1");
  EXPECT_EQ(ports[1].target, 81);
  EXPECT_EQ(ports[1].published, "8001");
  EXPECT_EQ(ports[1].protocol, "udp");
  EXPECT_EQ(ports[2].published, "9000-9002");
  EXPECT_EQ(ports[3].host_ip, "::1");
  EXPECT_EQ(ports[4].published, "");
}

TEST(Canonical, TellsBindFromVolumeAndReadsOptions) {
  auto volumes = service_of(
                     "services: {a: {image: x, volumes: ['./d:/d:ro,rslave', 'vol:/v:nocopy', "
                     "/anon, '~/h:/h']}}\nvolumes: {vol: {}}")
                     .volumes;
  ASSERT_EQ(volumes.size(), 4u);
  EXPECT_EQ(volumes[0].type, "bind");
  EXPECT_TRUE(volumes[0].read_only);
  EXPECT_EQ(volumes[0].bind.propagation, "rslave");
  EXPECT_TRUE(volumes[1].volume.nocopy);
  EXPECT_EQ(volumes[2].source, "");
  EXPECT_EQ(volumes[3].source, "/home/me/h");
}

TEST(Canonical, SplitsCommandsAsAShellDoesAndKeepsEmptyOnes) {
  EXPECT_EQ(service_of("services: {a: {image: x, command: echo \"a b\" c}}").command,
            (std::vector<std::string>{"echo", "a b", "c"}));
  EXPECT_EQ(service_of("services: {a: {image: x, command: []}}").command,
            std::vector<std::string>{});
  EXPECT_EQ(service_of("services: {a: {image: x}}").command, std::nullopt);
}

TEST(Canonical, CastsWhatPeopleWrite) {
  Service service = service_of(
      "services: {a: {image: x, mem_limit: 1.5gb, stop_grace_period: 1m30s, privileged: 'yes', "
      "cpus: '0.5', shm_size: 64m, environment: {F: 1.50, B: true, N: }, "
      "healthcheck: {test: 'exit 0', interval: 1d}}}");
  EXPECT_EQ(service.resources.memory, 1610612736);
  EXPECT_EQ(service.stop_grace_period, std::chrono::seconds(90));
  EXPECT_TRUE(service.privileged);
  EXPECT_EQ(service.resources.nano_cpus, 500'000'000);
  EXPECT_EQ(service.shm_size, 64 << 20);
  EXPECT_EQ(service.environment.at("F"), "1.5");
  EXPECT_EQ(service.environment.at("B"), "true");
  EXPECT_EQ(service.environment.at("N"), std::nullopt);
  EXPECT_EQ(service.healthcheck->test, (std::vector<std::string>{"CMD-SHELL", "exit 0"}));
  EXPECT_EQ(service.healthcheck->interval, std::chrono::hours(24));
}

TEST(Bind, UnifiesWhatIsWrittenInTwoPlaces) {
  Service service = service_of(
      "services: {a: {image: x, deploy: {replicas: 3, resources: {limits: {memory: 1g, cpus: "
      "'0.1', pids: 7}}, restart_policy: {condition: on-failure, max_attempts: 4, window: 5s}}}}");
  EXPECT_EQ(service.replicas, 3);
  EXPECT_EQ(service.resources.memory, 1 << 30);
  EXPECT_EQ(service.resources.nano_cpus, 100'000'000);
  EXPECT_EQ(service.resources.pids, 7);
  EXPECT_EQ(service.restart.condition, RestartCondition::on_failure);
  EXPECT_EQ(service.restart.max_attempts, 4);
  EXPECT_EQ(service.restart.window, std::chrono::seconds(5));
  RestartPolicy written = service_of("services: {a: {image: x, restart: 'on-failure:3'}}").restart;
  EXPECT_EQ(written.max_attempts, 3);
}

TEST(Merge, FollowsIdentityOfPortsAndMountsAndKeysOfLists) {
  ProjectDir dir({{"a.yaml",
                   "services: {a: {image: x, ports: ['80:80', '81:81'], volumes: ['./a:/d'], "
                   "environment: [A=1, B=2], command: [one], dns: 1.1.1.1}}"},
                  {"b.yaml",
                   "services: {a: {ports: ['80:80', '82:82'], volumes: ['./b:/d:ro'], "
                   "environment: {B: 3}, command: two, dns: [2.2.2.2]}}"}});
  dir.options.files = {"a.yaml", "b.yaml"};
  Service service = dir.project().services.at("a");
  EXPECT_EQ(service.ports.size(), 3u);
  ASSERT_EQ(service.volumes.size(), 1u);
  EXPECT_EQ(service.volumes[0].source, dir.path() + "/b");
  EXPECT_TRUE(service.volumes[0].read_only);
  EXPECT_EQ(service.environment.at("A"), "1");
  EXPECT_EQ(service.environment.at("B"), "3");
  EXPECT_EQ(service.command, std::vector<std::string>{"two"});
  EXPECT_EQ(service.dns, (std::vector<std::string>{"1.1.1.1", "2.2.2.2"}));
}

TEST(Merge, ResetRemovesAndOverrideReplaces) {
  ProjectDir dir({{"a.yaml",
                   "services: {a: {image: x, ports: ['80:80'], labels: {k: v, l: w}}, "
                   "gone: {image: y}}"},
                  {"b.yaml",
                   "services:\n  a:\n    ports: !override ['90:90']\n    labels: {k: "
                   "!reset null}\n  gone: !reset null\n"}});
  dir.options.files = {"a.yaml", "b.yaml"};
  Project project = dir.project();
  EXPECT_FALSE(project.services.contains("gone"));
  ASSERT_EQ(project.services.at("a").ports.size(), 1u);
  EXPECT_EQ(project.services.at("a").ports[0].target, 90);
  EXPECT_EQ(project.services.at("a").labels, (StringMap{{"l", "w"}}));
}

TEST(Merge, AnchorsAndMergeKeysAreYamls) {
  ProjectDir dir({{"compose.yaml",
                   "x-b: &b {image: b, command: [c]}\nx-c: &c {image: c}\n"
                   "services:\n  a: {<<: [*c, *b], user: u}\n"}});
  Service service = dir.project().services.at("a");
  EXPECT_EQ(service.image, "c");
  EXPECT_EQ(service.command, std::vector<std::string>{"c"});
}

TEST(Extends, RebasesPathsAndFollowsChains) {
  ProjectDir dir({{"compose.yaml",
                   "services: {a: {extends: {file: sub/b.yaml, service: b}, "
                   "environment: {B: 2}}}"},
                  {"sub/b.yaml",
                   "services: {b: {extends: c, build: ./ctx, environment: {A: 1}}, "
                   "c: {volumes: ['./d:/d'], environment: {A: 0, C: 3}}}"}});
  Service service = dir.project().services.at("a");
  EXPECT_EQ(service.build->context, dir.path() + "/sub/ctx");
  EXPECT_EQ(service.volumes[0].source, dir.path() + "/sub/d");
  EXPECT_EQ(service.environment.at("A"), "1");
  EXPECT_EQ(service.environment.at("C"), "3");
}

TEST(Extends, RefusesCircles) {
  EXPECT_NE(messages_of("services: {a: {extends: b}, b: {extends: a}}").find("a -> b -> a"),
            std::string::npos);
}

TEST(Include, HasItsOwnDirectoryAndEnvironment) {
  ProjectDir dir({{"compose.yaml", "include: [sub/compose.yaml]\nservices: {a: {image: x}}"},
                  {"sub/compose.yaml", "services: {b: {image: \"${V}\", volumes: ['./d:/d']}}"},
                  {"sub/.env", "V=inner"}});
  Service service = dir.project().services.at("b");
  EXPECT_EQ(service.image, "inner");
  EXPECT_EQ(service.volumes[0].source, dir.path() + "/sub/d");
}

TEST(Include, RefusesAConflictAndACircle) {
  ProjectDir conflict({{"compose.yaml", "include: [b.yaml]\nservices: {a: {image: x}}"},
                       {"b.yaml", "services: {a: {image: y}}"}});
  EXPECT_NE(conflict.messages().find("is also defined, differently"), std::string::npos);
  ProjectDir circle({{"compose.yaml", "include: [b.yaml]\nservices: {a: {image: x}}"},
                     {"b.yaml", "include: [compose.yaml]\n"}});
  EXPECT_NE(circle.messages().find("in a circle"), std::string::npos);
}

TEST(Profiles, EnableByFlagByNameAndForAll) {
  ProjectDir dir({{"compose.yaml",
                   "services: {a: {image: x}, b: {image: x, profiles: [p]}, c: {image: x, "
                   "profiles: [q]}}"}});
  EXPECT_EQ(dir.project().services.size(), 1u);
  EXPECT_EQ(dir.project().disabled_services.size(), 2u);
  dir.options.profiles = {"p"};
  EXPECT_TRUE(dir.project().services.contains("b"));
  dir.options.targets = {"c"};
  EXPECT_EQ(dir.project().services.size(), 3u);
  dir.options.targets = {};
  dir.options.profiles = {"*"};
  EXPECT_EQ(dir.project().services.size(), 3u);
}

TEST(Profiles, ADisabledDependencyIsAnErrorUnlessItIsOptional) {
  EXPECT_NE(messages_of("services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}")
                .find("none of its profiles is active"),
            std::string::npos);
  Service service = service_of(
      "services: {a: {image: x, depends_on: {b: {condition: "
      "service_started, required: false}}}, b: {image: x, profiles: [p]}}");
  EXPECT_TRUE(service.depends_on.empty());
}

TEST(Files, AreSearchedUpwardsWithTheirOverride) {
  ProjectDir dir({{"compose.yaml", "services: {a: {image: x}}"},
                  {"compose.override.yml", "services: {a: {command: [y]}}"},
                  {"deep/er/file", ""}});
  dir.options.current_directory = dir.path() + "/deep/er";
  Project project = dir.project();
  EXPECT_EQ(project.working_dir, dir.path());
  EXPECT_EQ(project.services.at("a").command, std::vector<std::string>{"y"});
}

TEST(Files, EnvironmentWinsOverLaterFilesOverEarlierOnes) {
  ProjectDir dir({{"compose.yaml", "services: {a: {image: \"$A$B$C\"}}"},
                  {"one", "A=1\nB=1\nC=1\n"},
                  {"two", "B=2\nC=2\n"}});
  dir.options.env_files = {"one", "two"};
  dir.options.environment["C"] = "3";
  EXPECT_EQ(dir.project().services.at("a").image, "123");
}

TEST(Files, EnvFileYieldsToEnvironmentAndMayBeMissing) {
  ProjectDir dir({{"compose.yaml",
                   "services: {a: {image: x, environment: {A: own}, env_file: "
                   "[e, {path: nope, required: false}]}}"},
                  {"e", "A=file\nB=${A}!\n"}});
  Service service = dir.project().services.at("a");
  EXPECT_EQ(service.environment.at("A"), "own");
  EXPECT_EQ(service.environment.at("B"), "own!");
}

TEST(Name, ComesFromFlagEnvironmentFileAndDirectory) {
  ProjectDir dir({{"compose.yaml", "name: From-File\nservices: {a: {image: x}}"}});
  EXPECT_EQ(project_name(dir.options), "p");
  dir.options.project_name = "";
  EXPECT_EQ(project_name(dir.options), "from-file");
  dir.options.environment["COMPOSE_PROJECT_NAME"] = "env";
  EXPECT_EQ(project_name(dir.options), "env");
  EXPECT_EQ(dir.project().networks.at("default").name, "env_default");
}

TEST(Hash, IgnoresWhatDoesNotChangeTheContainer) {
  std::string base = service_of("services: {a: {image: x}, b: {image: y}}").config_hash;
  EXPECT_EQ(base, service_of("services: {a: {image: x, scale: 2, pull_policy: never, depends_on: "
                             "[b]}, b: {image: y}}")
                      .config_hash);
  EXPECT_NE(base, service_of("services: {a: {image: z}, b: {image: y}}").config_hash);
}

}  // namespace
}  // namespace estiba::spec
