// Trees that somebody else writes to while an archive is unpacked into them or made of them, as
// with `cp` and `export` of a running container: nothing outside is changed or read.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/layer_tar.hpp"
#include "tests/support/image_fixture.hpp"
#include "tests/support/swapping.hpp"

namespace estiba::img {
namespace {

using Meta = test::TarBuilder::Meta;

class SharedTree : public test::ImageTest {
 protected:
  void SetUp() override {
    test::ImageTest::SetUp();
    if (IsSkipped()) return;
    fs::make_dirs(path("tree"), 0755);
    fs::make_dirs(path("outside"), 0700);
    fs::write_atomic(path("outside/file"), "alive", 0600);
  }

  std::string in_tree(const std::string& name) const { return path("tree/" + name); }

  // What the other side takes away in the middle may be an Error, and is none of the test's.
  void unpack(const std::string& tar) const {
    UniqueFd fd = sys::open(write("a.tar", tar), O_RDONLY);
    UniqueFd root = sys::open(path("tree"), O_RDONLY | O_DIRECTORY);
    TarStream stream(fd, "a.tar");
    try {
      extract_layer(stream, root, {});
    } catch (const Error&) {
    }
  }

  static unsigned mode(const std::string& file) { return sys::lstat(file)->st_mode & 07777; }
  void expect_outside_as_it_was() const {
    EXPECT_EQ(mode(path("outside")), 0700u);
    EXPECT_EQ(mode(path("outside/file")), 0600u);
    EXPECT_EQ(sys::lstat(path("outside/file"))->st_uid, 0u);
    EXPECT_EQ(sys::lstat(path("outside/file"))->st_nlink, 1u);
    EXPECT_EQ(fs::list_dir(path("outside")), std::vector<std::string>{"file"});
    EXPECT_EQ(fs::read_all(path("outside/file")), "alive");
  }
};

TEST_F(SharedTree, ModesOfDevicesFifosAndHardLinksReachNoFileOutside) {
  Meta meta;
  meta.mode = 06777;
  meta.uid = 1000;
  test::TarBuilder tar;
  tar.file("plain", "x");
  for (int i = 0; i < 20; ++i)
    tar.node('6', "fifo", meta).entry('1', "hard", "plain", "", meta).symlink("link", "x");
  std::string archive = tar.finish();
  test::Planting planting(path("tree"), {"fifo", "hard", "link"}, path("outside/file"));
  for (int round = 0; round < 60; ++round) unpack(archive);
  expect_outside_as_it_was();
}

TEST_F(SharedTree, ModesOfFoldersReachNoFolderOutside) {
  Meta meta;
  meta.mode = 02777;
  meta.uid = 1000;
  test::TarBuilder tar;
  for (int i = 0; i < 20; ++i) tar.file("folder", "x").dir("folder", meta);
  std::string archive = tar.finish();
  test::Planting planting(path("tree"), {"folder"}, path("outside"));
  for (int round = 0; round < 60; ++round) unpack(archive);
  expect_outside_as_it_was();
}

TEST_F(SharedTree, ADeviceThatTradesPlacesWithAFileIsNotArchivedAsOne) {
  const std::string content(3000, 'm');
  fs::write_atomic(in_tree("file"), content, 0644);
  ASSERT_EQ(::mknod(in_tree("device").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
  test::Swapping swapping(in_tree("file"), in_tree("device"));
  int files = 0;
  for (int round = 0; round < 500; ++round) {
    UniqueFd root = sys::open(path("tree"), O_RDONLY | O_DIRECTORY);
    std::string tar;
    write_layer_tar(root, [&](std::string_view data) { tar += data; });
    UniqueFd fd = sys::open(write("a.tar", tar), O_RDONLY);
    TarStream stream(fd, "a.tar");
    while (auto entry = stream.next()) {
      if (!S_ISREG(entry->mode) || !entry->hardlink.empty()) continue;
      std::string got;
      while (auto block = stream.read_block()) got += block->data;
      ASSERT_TRUE(got == content) << "another file's bytes";
      ++files;
    }
  }
  EXPECT_GT(files, 0);
}

TEST_F(SharedTree, AFileThatGrowsWhileItIsArchivedBreaksNothing) {
  fs::write_atomic(in_tree("a"), "begin", 0644);
  fs::write_atomic(in_tree("b"), "after", 0644);
  UniqueFd log = sys::open(in_tree("a"), O_WRONLY | O_APPEND);
  test::Meanwhile growing([&] { sys::write_all(log, "more", "a"); });
  for (int round = 0; round < 100; ++round) {
    UniqueFd root = sys::open(path("tree"), O_RDONLY | O_DIRECTORY);
    std::string tar;
    write_layer_tar(root, [&](std::string_view data) { tar += data; });
    UniqueFd fd = sys::open(write("a.tar", tar), O_RDONLY);
    TarStream stream(fd, "a.tar");
    std::string last;
    while (auto entry = stream.next()) {
      last = entry->path;
      while (stream.read_block()) {
      }
    }
    ASSERT_EQ(last, "b");
  }
}

}  // namespace
}  // namespace estiba::img
