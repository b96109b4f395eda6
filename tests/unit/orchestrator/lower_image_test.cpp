// The configuration that an image gets from the container it is committed from.
#include "orchestrator/lower_image.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace estiba::orchestrator {
namespace {

using Words = std::vector<std::string>;

img::ImageConfig an_image() {
  img::ImageConfig image;
  image.author = "joe";
  image.env = {"PATH=/bin", "A=0", "GONE=1"};
  image.entrypoint = {"/bin/env"};
  image.cmd = {"true"};
  image.user = "daemon";
  image.exposed_ports = {"7/tcp"};
  image.volumes = {"/v"};
  image.onbuild = {"RUN true"};
  image.shell = {"/bin/sh", "-e", "-c"};
  image.labels = {{"l", "1"}, {"my", "2"}, {"com.docker.compose.project", "p"}};
  image.healthcheck =
      img::ImageHealthcheck{.test = {"CMD", "x"}, .interval = std::chrono::seconds{7}};
  return image;
}

TEST(ContainerConfig, OfAServiceThatSaysNothingIsItsImages) {
  img::ImageConfig config = container_config({}, an_image());
  EXPECT_EQ(config.env, (Words{"PATH=/bin", "A=0", "GONE=1"}));
  EXPECT_EQ(config.entrypoint, Words{"/bin/env"});
  EXPECT_EQ(config.cmd, Words{"true"});
  EXPECT_EQ(config.user, "daemon");
  EXPECT_EQ(config.volumes, Words{"/v"});
  EXPECT_EQ(config.healthcheck->test, (Words{"CMD", "x"}));
}

TEST(ContainerConfig, LeavesBehindWhatConcernsOnlyTheMakingOfTheImage) {
  img::ImageConfig config = container_config({}, an_image());
  EXPECT_EQ(config.author, "");
  EXPECT_EQ(config.onbuild, Words{});
  EXPECT_EQ(config.shell, Words{});
}

TEST(ContainerConfig, TakesTheServicesWordsBeforeTheImages) {
  spec::Service service;
  service.environment = {{"A", "1"}, {"GONE", std::nullopt}};
  service.command = Words{"sleep", "9"};
  service.user = "1:2";
  service.working_dir = "/w";
  service.stop_signal = "SIGINT";
  service.labels = {{"my", "3"}, {"com.docker.compose.service", "s"}};
  service.expose = {"100-101", "7/udp"};
  service.ports.emplace_back().target = 8080;
  img::ImageConfig config = container_config(service, an_image());
  EXPECT_EQ(config.env, (Words{"A=1", "PATH=/bin"}));
  EXPECT_EQ(config.entrypoint, Words{"/bin/env"});
  EXPECT_EQ(config.cmd, (Words{"sleep", "9"}));
  EXPECT_EQ(config.user, "1:2");
  EXPECT_EQ(config.working_dir, "/w");
  EXPECT_EQ(config.stop_signal, "SIGINT");
  EXPECT_EQ(config.labels, (std::map<std::string, std::string>{{"l", "1"}, {"my", "3"}}));
  EXPECT_EQ(config.exposed_ports, (Words{"7/tcp", "100/tcp", "101/tcp", "7/udp", "8080/tcp"}));
}

TEST(ContainerConfig, AnEntrypointOfTheServiceDropsTheImagesCommand) {
  spec::Service service;
  service.entrypoint = Words{"sleep"};
  EXPECT_EQ(container_config(service, an_image()).cmd, Words{});
  service.entrypoint = Words{};
  service.command = Words{"x"};
  EXPECT_EQ(container_config(service, an_image()).entrypoint, Words{});
  EXPECT_EQ(container_config(service, an_image()).cmd, Words{"x"});
}

std::optional<img::ImageHealthcheck> check_of(const spec::Healthcheck& own) {
  // Of one on the stack g++ 12 says, wrongly, that it is used uninitialized.
  auto service = std::make_unique<spec::Service>();
  service->healthcheck = own;
  return container_config(*service, an_image()).healthcheck;
}

TEST(ContainerConfig, AHealthcheckIsMergedPartByPart) {
  spec::Healthcheck own;
  own.retries = 4;
  img::ImageHealthcheck check = check_of(own).value();
  EXPECT_EQ(check.test, (Words{"CMD", "x"}));
  EXPECT_EQ(check.interval, std::chrono::seconds{7});
  EXPECT_EQ(check.retries, 4);
  own.disable = true;
  EXPECT_EQ(check_of(own)->test, Words{"NONE"});
}

}  // namespace
}  // namespace estiba::orchestrator
