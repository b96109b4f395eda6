// Builds whose context somebody else writes to meanwhile, such as a container that has it mounted.
#include <sys/stat.h>

#include "base/sys.hpp"
#include "tests/support/build_fixture.hpp"
#include "tests/support/swapping.hpp"

namespace estiba::img {
namespace {

class SharedContext : public BuilderTest {};

TEST_F(SharedContext, ABindFromTheContextIsNeverWhatALinkInItLeadsTo) {
  fs::make_dirs(path("context/sub"), 0755);
  fs::make_dirs(path("outside"), 0755);
  write("context/sub/file", "of the context");
  write("outside/file", "of the host");
  sys::symlink(path("outside"), path("context/link"));
  test::Swapping neighbour(path("context/sub"), path("context/link"));
  auto wanted =
      options("FROM base\nRUN --mount=type=bind,source=sub,target=/m cat /m/file >/f; cat /f\n");
  wanted.no_cache = true;
  int seen = 0;
  for (int round = 0; round < 100; ++round) {
    try {
      build(wanted);
    } catch (const Error&) {
      continue;  // it was a link just then
    }
    ASSERT_EQ(output_.find("of the host"), std::string::npos);
    if (output_.find("of the context") != std::string::npos) ++seen;
  }
  EXPECT_GT(seen, 0);
}

TEST_F(SharedContext, CopyWaitsForNoFifoThatANeighbourPutsIntoTheContext) {
  write("context/file", "of the context");
  ASSERT_EQ(::mkfifo(path("context/fifo").c_str(), 0644), 0);
  test::Swapping neighbour(path("context/file"), path("context/fifo"));
  for (int round = 0; round < 100; ++round) {
    try {
      build("FROM base\nCOPY file /file\n");
    } catch (const Error&) {
      continue;  // it was a FIFO when it was to be read
    }
  }
}

TEST_F(SharedContext, AFifoInsteadOfItsListOfIgnoredFilesIsRefused) {
  write("context/file", "of the context");
  ASSERT_EQ(::mkfifo(path("context/.dockerignore").c_str(), 0644), 0);
  EXPECT_NE(failure("FROM base\nCOPY file /file\n").find("is not a regular file"),
            std::string::npos);
}

}  // namespace
}  // namespace estiba::img
