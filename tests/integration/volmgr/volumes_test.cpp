// Volumes on a real filesystem, filled from real overlay layers.
#include "volmgr/volumes.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::vol {
namespace {

class VolumesTest : public test::ImageTest {
 protected:
  std::string layer(const std::string& name) const {
    fs::make_dirs(path(name), 0755);
    return path(name);
  }
  static void put(const std::string& file, const std::string& content) {
    fs::make_dirs(fs::parent_path(file), 0755);
    fs::write_atomic(file, content, 0644);
  }
  std::string seeded(const std::vector<std::string>& layers, const std::string& where) {
    Volumes volumes(root());
    auto record = volumes.create({.name = "data"});
    volumes.seed("data", layers, where);
    return record.mountpoint;
  }
};

TEST_F(VolumesTest, AreFoundListedAndRemoved) {
  Volumes volumes(root());
  auto made = volumes.create({.name = "data", .labels = {{"k", "v"}}});
  EXPECT_EQ(made.mountpoint, root() + "/volumes/data/_data");
  EXPECT_EQ(volumes.find("data")->spec.labels, made.spec.labels);
  EXPECT_EQ(volumes.create({.name = "data"}).created, made.created);
  EXPECT_EQ(volumes.list().size(), 1u);
  volumes.remove("data");
  volumes.remove("data");
  EXPECT_FALSE(volumes.find("data"));
  EXPECT_TRUE(fs::list_dir(root() + "/volumes").empty());
}

// On the same filesystem, where no device number tells that something is mounted.
TEST_F(VolumesTest, AFolderBoundAsAVolumeOutlivesIt) {
  put(path("mine/deep/file"), "kept");
  Volumes volumes(root());
  volumes.create(
      {.name = "data", .driver_opts = {{"type", "none"}, {"o", "bind"}, {"device", path("mine")}}});
  std::string target = volumes.mount("data");
  EXPECT_EQ(volumes.mount("data"), target);
  EXPECT_EQ(fs::read_all(target + "/deep/file"), "kept");
  std::string table = fs::read_all("/proc/self/mountinfo");
  EXPECT_EQ(table.find(target), table.rfind(target)) << "mounted twice";
  volumes.remove("data");
  EXPECT_EQ(fs::read_all(path("mine/deep/file")), "kept");
  EXPECT_EQ(fs::read_all("/proc/self/mountinfo").find(root()), std::string::npos);
  EXPECT_TRUE(fs::list_dir(root() + "/volumes").empty());
}

TEST_F(VolumesTest, NothingThatIsMountedIsRemovedWithWhatIsAroundIt) {
  put(path("mine/file"), "kept");
  fs::make_dirs(path("around/mount"), 0755);
  ASSERT_EQ(::mount(path("mine").c_str(), path("around/mount").c_str(), nullptr, MS_BIND, nullptr),
            0);
  EXPECT_THROW(fs::remove_tree(path("around")), Error);
  EXPECT_THROW(fs::remove_tree(path("around/mount")), Error);
  ::umount2(path("around/mount").c_str(), MNT_DETACH);
  EXPECT_EQ(fs::read_all(path("mine/file")), "kept");
}

TEST_F(VolumesTest, AnonymousOnesGetANameOf64Digits) {
  Volumes volumes(root());
  EXPECT_EQ(volumes.create({}).spec.name.size(), 64u);
}

TEST_F(VolumesTest, RefuseNamesThatAreNoFileNames) {
  Volumes volumes(root());
  for (const char* name : {"../x", "a/b", ".hidden", "x", "-a", "a b"})
    EXPECT_THROW(volumes.create({.name = name}), Error) << name;
  EXPECT_FALSE(volumes.find("../data"));
  EXPECT_THROW(volumes.create({.name = "data", .driver = "nfs"}), Error);
  EXPECT_THROW(volumes.create({.name = "data", .driver_opts = {{"typo", "x"}}}), Error);
}

TEST_F(VolumesTest, AreFilledFromTheLayersAsAContainerWouldSeeThem) {
  std::string low = layer("low"), top = layer("top");
  put(low + "/srv/kept", "kept");
  put(low + "/srv/gone", "gone");
  put(low + "/srv/opaque/old", "old");
  put(top + "/srv/opaque/new", "new");
  ASSERT_EQ(::mknod((top + "/srv/gone").c_str(), S_IFCHR, 0), 0);
  ASSERT_EQ(::setxattr((top + "/srv/opaque").c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
  std::string volume = seeded({top, low}, "/srv");
  EXPECT_EQ(fs::list_dir(volume), (std::vector<std::string>{"kept", "opaque"}));
  EXPECT_EQ(fs::list_dir(volume + "/opaque"), std::vector<std::string>{"new"});
  EXPECT_EQ(::getxattr((volume + "/opaque").c_str(), "trusted.overlay.opaque", nullptr, 0), -1);
}

TEST_F(VolumesTest, KeepOwnersModesTimesAttributesAndLinks) {
  std::string low = layer("low");
  put(low + "/d/a", "x");
  ASSERT_EQ(::chown((low + "/d/a").c_str(), 12, 34), 0);
  ASSERT_EQ(::chmod((low + "/d/a").c_str(), 04750), 0);
  ASSERT_EQ(::setxattr((low + "/d/a").c_str(), "user.note", "n", 1, 0), 0);
  ASSERT_EQ(::link((low + "/d/a").c_str(), (low + "/d/hard").c_str()), 0);
  ASSERT_EQ(::symlink("/nowhere", (low + "/d/soft").c_str()), 0);
  ASSERT_EQ(::mkfifo((low + "/d/fifo").c_str(), 0600), 0);
  timespec times[2] = {{1000, 0}, {2000, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (low + "/d/a").c_str(), times, 0), 0);
  ASSERT_EQ(::chown((low + "/d").c_str(), 5, 6), 0);
  ASSERT_EQ(::chmod((low + "/d").c_str(), 01770), 0);
  std::string volume = seeded({low}, "/d");
  auto file = *sys::lstat(volume + "/a");
  EXPECT_EQ(file.st_uid, 12u);
  EXPECT_EQ(file.st_gid, 34u);
  EXPECT_EQ(file.st_mode & 07777, 04750u);
  EXPECT_EQ(file.st_mtim.tv_sec, 2000);
  EXPECT_EQ(file.st_mtim.tv_nsec, 5);
  EXPECT_EQ(file.st_ino, sys::lstat(volume + "/hard")->st_ino);
  EXPECT_EQ(::getxattr((volume + "/a").c_str(), "user.note", nullptr, 0), 1);
  EXPECT_EQ(sys::readlink(volume + "/soft"), "/nowhere");
  EXPECT_TRUE(S_ISFIFO(sys::lstat(volume + "/fifo")->st_mode));
  EXPECT_EQ(sys::lstat(volume)->st_uid, 5u);
  EXPECT_EQ(sys::lstat(volume)->st_mode & 07777, 01770u);
}

TEST_F(VolumesTest, KeepHoles) {
  std::string low = layer("low");
  fs::make_dirs(low + "/d");
  UniqueFd fd = sys::open(low + "/d/sparse", O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(::pwrite(fd.get(), "x", 1, 8 << 20), 1);
  std::string volume = seeded({low}, "/d");
  auto copy = *sys::lstat(volume + "/sparse");
  EXPECT_EQ(copy.st_size, (8 << 20) + 1);
  EXPECT_LT(copy.st_blocks * 512, 1 << 20);
}

TEST_F(VolumesTest, ThatAreNotEmptyAreLeftAlone) {
  std::string low = layer("low");
  put(low + "/d/a", "new");
  Volumes volumes(root());
  auto record = volumes.create({.name = "data"});
  put(record.mountpoint + "/b", "old");
  volumes.seed("data", {low}, "/d");
  EXPECT_EQ(fs::list_dir(record.mountpoint), std::vector<std::string>{"b"});
}

TEST_F(VolumesTest, ASymlinkInTheImageLeadsNowhereOutside) {
  std::string low = layer("low");
  put(path("outside/canary"), "secret");
  ASSERT_EQ(::symlink(path("outside").c_str(), (low + "/d").c_str()), 0);
  EXPECT_TRUE(fs::list_dir(seeded({low}, "/d")).empty());
  EXPECT_TRUE(fs::list_dir(seeded({low}, "/../../" + path("outside"))).empty());
}

TEST_F(VolumesTest, ManyLayersCanBeMerged) {
  std::vector<std::string> layers;
  for (int i = 0; i < 120; ++i) {
    std::string name = std::to_string(i);
    layers.push_back(
        layer("a-layer-with-a-long-name-so-that-one-option-page-would-not-do-" + name));
    put(layers.back() + "/d/" + name, "");
  }
  EXPECT_EQ(fs::list_dir(seeded(layers, "/d")).size(), 120u);
}

TEST_F(VolumesTest, DriverOptionsAreMountedOnceAndUnmountedWithTheVolume) {
  Volumes volumes(root());
  volumes.create({.name = "ram", .driver_opts = {{"type", "tmpfs"}, {"o", "size=1m,mode=0750"}}});
  std::string at = volumes.mount("ram");
  volumes.mount("ram");
  EXPECT_EQ(sys::lstat(at)->st_mode & 07777, 0750u);
  EXPECT_NE(sys::lstat(at)->st_dev, sys::lstat(root())->st_dev);
  volumes.remove("ram");
  EXPECT_FALSE(fs::exists(at));
}

TEST_F(VolumesTest, BindSourcesAreMadeOrNamedInTheError) {
  ensure_bind_source(path("made/here"), MissingSource::create);
  EXPECT_TRUE(S_ISDIR(sys::lstat(path("made/here"))->st_mode));
  try {
    ensure_bind_source(path("missing"), MissingSource::refuse);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "bind source path does not exist: " + path("missing"));
  }
}

}  // namespace
}  // namespace estiba::vol
