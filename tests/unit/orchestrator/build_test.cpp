#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/build_output.hpp"
#include "orchestrator/lower_step.hpp"
#include "orchestrator/step_json.hpp"

namespace estiba::orchestrator {
namespace {

using namespace img::build;

StepRequest request_with_all() {
  StepRequest request;
  request.lower = {"/l2", "/l1"};
  request.upper = "/u";
  request.work = "/w";
  request.argv = {"/bin/sh", "-c", "make"};
  request.env = {"A=1"};
  request.cwd = "/src";
  request.user = "1000";
  request.mounts = {StepBind{"/host", "/in", false}, StepTmpfs{"/tmp", 4096},
                    StepFile{"/run/secrets/s", std::string("\xff\0x", 3), 1, 2, 0400}};
  request.network = StepNetwork::none;
  request.extra_hosts = {"db:10.0.0.1"};
  request.shm_size = 1024;
  return request;
}

TEST(StepJson, ComesBackAsItWentEvenWithBytesThatAreNoText) {
  Json sent = step_to_json(request_with_all());
  StepRequest received = step_from_json(parse_json(sent.dump(), "a step"));
  EXPECT_EQ(step_to_json(received).dump(), sent.dump());
  EXPECT_EQ(std::get<StepFile>(received.mounts[2]).content, std::string("\xff\0x", 3));
}

TEST(StepJson, RefusesAStepWithoutACommand) {
  Json sent = step_to_json(request_with_all());
  sent["args"] = Json::array();
  EXPECT_THROW(step_from_json(sent), Error);
}

TEST(LowerStep, KeepsTheUpperDirectoryFreeOfReferencesToLowerLayers) {
  auto spec = lower_step(request_with_all(), {"id", "/run/steps/id", runtime::NewNamespace{}});
  EXPECT_TRUE(spec.root.self_contained);
  EXPECT_EQ(std::get<runtime::BindMount>(spec.mounts[0]).source, "/run/steps/id/hosts");
  EXPECT_EQ(std::get<runtime::BindMount>(spec.mounts[2]).target, "/in");
  EXPECT_FALSE(std::get<runtime::TmpfsMount>(spec.mounts[3]).noexec);
}

spec::Project project_of_two() {
  spec::Project project;
  project.name = "shop";
  for (const char* name : {"app", "base"}) {
    spec::Service& service = project.services[name];
    service.name = name;
    service.build.emplace().context = "/src";
  }
  project.services["app"].build->additional_contexts["b"] = "service:base";
  return project;
}

TEST(BuildOrder, BuildsWhatAnotherBuildsUponFirst) {
  EXPECT_EQ(build_order(project_of_two(), {"app"}), (std::vector<std::string>{"base", "app"}));
}

TEST(BuildOptions, NamesAServicesImageAndTheImagesItBuildsUpon) {
  spec::Project project = project_of_two();
  project.services["app"].build->dockerfile = "D";
  project.services["app"].build->args = {{"A", "1"}, {"B", std::nullopt}, {"C", std::nullopt}};
  img::BuildOptions options = build_options(project, project.services["app"], {{"B", "2"}});
  EXPECT_EQ(options.tags, std::vector<std::string>{"shop-app"});
  EXPECT_EQ(options.dockerfile, "D");
  EXPECT_EQ(options.contexts["b"], "docker-image://shop-base");
  EXPECT_EQ(options.build_args, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}}));
}

TEST(BuildOptions, TakesASecretFromAFileOrAVariable) {
  img::BuildOptions options;
  add_secret(options, "id=a,src=/f", {});
  add_secret(options, "id=b,env=B", {{"B", "text"}});
  EXPECT_EQ(options.secrets["a"].file, "/f");
  EXPECT_EQ(options.secrets["b"].content, "text");
  EXPECT_THROW(add_secret(options, "src=/f", {}), Error);
}

TEST(BuildOptions, CachesOfOtherTypesThanLocalAreToldOf) {
  img::BuildOptions options;
  set_caches(options,
             {{"type=local,src=a", "shop/app:cache"}, {"type=local,dest=/b,mode=max"}, "/p"});
  EXPECT_EQ(options.cache_from, std::vector<std::string>{"/p/a"});
  EXPECT_EQ(options.cache_to, std::vector<std::string>{"/b"});
  ASSERT_EQ(options.notices.size(), 1u);
  EXPECT_NE(options.notices[0].find("cache_from: type=registry is not in effect"),
            std::string::npos);
  EXPECT_THROW(set_caches(options, {{"type=local,dest=/b"}, {}, "/p"}), Error);
  EXPECT_THROW(set_caches(options, {{"src=/b"}, {}, "/p"}), Error);
}

TEST(OutputTail, KeepsTheLastLines) {
  OutputTail tail;
  tail.add("one\ntw");
  tail.add("o\nthree");
  EXPECT_EQ(tail.text(2), "two\nthree\n");
  EXPECT_EQ(tail.text(9), "one\ntwo\nthree\n");
  EXPECT_EQ(tail.last_line(), "three");
}

}  // namespace
}  // namespace estiba::orchestrator
