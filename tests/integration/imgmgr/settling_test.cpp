// What a crash of the machine leaves of layers and blobs that had not reached the disk.
#include "imgmgr/settling.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/boot_id.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::img {
namespace {

class Settling : public test::ImageTest {
 protected:
  std::string layer_of(const std::string& name) {
    return fs::parent_path(Images(root()).find(name)->layer_dirs[0]);
  }
  std::string import(const std::string& name) {
    return Images(root()).import(write("tar", test::TarBuilder().file("a", "1").finish()), name, {},
                                 "", {});
  }
  // As if the machine had stopped before the layer was wholly on the disk.
  static void tear(const std::string& layer) {
    wait_until_settled(layer);
    sys::unlink(layer + "/fs/a");
    ASSERT_EQ(::symlink("another-start", (layer + "/unsettled").c_str()), 0);
  }
  static void wait_until_settled(const std::string& layer) {
    while (sys::lstat(layer + "/unsettled"))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

TEST_F(Settling, AMarkGoesByItselfOnceTheLayerIsOnTheDisk) {
  import("x:1");
  std::string layer = layer_of("x:1");
  wait_until_settled(layer);
  EXPECT_TRUE(is_whole(layer));
}

TEST_F(Settling, AMarkOfThisStartOfTheMachineIsNoReasonForDoubt) {
  std::string layer = path("layer");
  fs::make_dirs(layer);
  mark_unsettled(layer);
  EXPECT_TRUE(is_whole(layer));
}

TEST_F(Settling, AnImageWithATornLayerIsNotThere) {
  import("x:1");
  tear(layer_of("x:1"));
  EXPECT_FALSE(Images(root()).find("x:1"));
  EXPECT_TRUE(Images(root()).list().empty());
}

TEST_F(Settling, ATornLayerIsMadeAgain) {
  import("x:1");
  std::string layer = layer_of("x:1");
  tear(layer);
  import("x:1");
  EXPECT_EQ(layer_of("x:1"), layer);
  EXPECT_EQ(fs::read_all(layer + "/fs/a"), "1");
  wait_until_settled(layer);
}

TEST_F(Settling, PruningForgetsAnImageThatIsTornAndGivesItsSpaceBack) {
  import("x:1");
  std::string layer = layer_of("x:1");
  tear(layer);
  Images(root()).prune(Images::Prune::unnamed, {});
  EXPECT_FALSE(fs::exists(layer));
  EXPECT_EQ(fs::read_all(root() + "/images/index.json").find("x:1"), std::string::npos);
}

}  // namespace
}  // namespace estiba::img
