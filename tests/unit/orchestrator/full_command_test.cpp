#include <gtest/gtest.h>

#include "base/text.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

using Words = std::optional<std::vector<std::string>>;
const Words empty = std::vector<std::string>{};

Words words(const char* one) { return std::vector<std::string>{one}; }

std::string command_of(const Words& entrypoint, const Words& command) {
  spec::Service service;
  service.entrypoint = entrypoint;
  service.command = command;
  img::ImageConfig image;
  image.entrypoint = {"image-entry"};
  image.cmd = {"image-command"};
  return text::join(full_command(service, image), " ");
}

TEST(FullCommand, IsTheImagesWhereTheFileIsSilent) {
  EXPECT_EQ(command_of({}, {}), "image-entry image-command");
  EXPECT_EQ(command_of({}, words("own")), "image-entry own");
}

TEST(FullCommand, TakesAnEmptyCommandForNone) {
  EXPECT_EQ(command_of({}, empty), "image-entry image-command");
}

TEST(FullCommand, LosesTheImagesEntrypointToAnEmptyOne) {
  EXPECT_EQ(command_of(empty, {}), "image-command");
  EXPECT_EQ(command_of(empty, words("own")), "own");
}

TEST(FullCommand, LosesTheImagesCommandToAnEntrypointOfTheFile) {
  EXPECT_EQ(command_of(words("entry"), {}), "entry");
  EXPECT_EQ(command_of(words("entry"), empty), "entry");
  EXPECT_EQ(command_of(words("entry"), words("own")), "entry own");
}

}  // namespace
}  // namespace estiba::orchestrator
