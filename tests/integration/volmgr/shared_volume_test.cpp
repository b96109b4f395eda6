// A volume that one container writes to while it is filled for another.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "tests/support/image_fixture.hpp"
#include "tests/support/swapping.hpp"
#include "volmgr/seed.hpp"

namespace estiba::vol {
namespace {

class SharedVolume : public test::ImageTest {
 protected:
  void SetUp() override {
    test::ImageTest::SetUp();
    if (IsSkipped()) return;
    fs::make_dirs(path("image/data"), 0755);
    fs::make_dirs(path("outside"), 0700);
    fs::write_atomic(path("outside/file"), "alive", 0600);
  }
  // What the other side takes away in the middle may be an Error, and is none of the test's.
  void fill(const std::string& volume) const {
    fs::make_dirs(volume, 0755);
    try {
      seed_directory(volume, {path("image")}, "/data");
    } catch (const Error&) {
    }
  }
  std::string in_image(const std::string& name) const { return path("image/data/" + name); }
  void expect_outside_as_it_was() const {
    struct stat file = *sys::lstat(path("outside/file"));
    EXPECT_EQ(file.st_mode & 07777, 0600u);
    EXPECT_EQ(file.st_uid, 0u);
    EXPECT_EQ(file.st_nlink, 1u) << "it has become a file of the volume's";
    EXPECT_EQ(fs::read_all(path("outside/file")), "alive");
    EXPECT_EQ(sys::lstat(path("outside"))->st_mode & 07777, 0700u);
  }
};

TEST_F(SharedVolume, ModesOfWhatItIsFilledWithReachNoFileOutside) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back("fifo" + std::to_string(i));
    ASSERT_EQ(::mkfifo(in_image(names.back()).c_str(), 0600), 0);
    ASSERT_EQ(::chmod(in_image(names.back()).c_str(), 06777), 0);
  }
  for (int round = 0; round < 60; ++round) {
    std::string volume = path("volume" + std::to_string(round));
    fs::make_dirs(volume, 0755);
    test::Planting planting(volume, names, path("outside/file"));
    fill(volume);
  }
  expect_outside_as_it_was();
}

TEST_F(SharedVolume, AHardLinkIsNeverOneToAFileOutside) {
  constexpr int folders = 100;
  for (int i = 0; i < folders; ++i) {
    std::string folder = in_image("d" + std::to_string(i));
    fs::make_dirs(folder, 0755);
    if (i == 0) fs::write_atomic(folder + "/file", "of the image", 0644);
    std::string first = in_image("d0/file");
    ASSERT_TRUE(i == 0 || ::link(first.c_str(), (folder + "/file").c_str()) == 0);
  }
  // Whichever is copied first: by name, or as the directory has them.
  std::set<std::string> first{
      "d0", std::filesystem::directory_iterator(path("image/data"))->path().filename()};
  for (int round = 0; round < 10; ++round) {
    std::string volume = path("volume" + std::to_string(round));
    fs::make_dirs(volume, 0755);
    // Once the first name is there and further ones are being made.
    test::Meanwhile planting([&first, &volume, outside = path("outside")] {
      if (fs::list_dir(volume).size() < 3) return;
      for (const auto& name : first)
        if (::rename(cat(volume, "/", name).c_str(), cat(volume, "/aside-", name).c_str()) == 0)
          sys::symlink(outside, cat(volume, "/", name));
    });
    fill(volume);
  }
  expect_outside_as_it_was();
}

}  // namespace
}  // namespace estiba::vol
