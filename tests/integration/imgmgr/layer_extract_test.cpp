// Every trick of an archive: refused, or confined to the layer.
#include "imgmgr/layer_extract.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "imgmgr/overlay_marks.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::img {
namespace {

using Meta = test::TarBuilder::Meta;

class Extract : public test::ImageTest {
 protected:
  void SetUp() override {
    test::ImageTest::SetUp();
    if (IsSkipped()) return;
    fs::make_dirs(path("layer"), 0755);
    fs::make_dirs(path("outside"), 0755);
    write("outside/canary", "alive");
  }

  void extract(const std::string& tar, const ExtractOptions& options = {}) {
    UniqueFd fd = sys::open(write("layer.tar", tar), O_RDONLY);
    UniqueFd root = sys::open(path("layer"), O_RDONLY | O_DIRECTORY);
    TarStream stream(fd, "layer.tar");
    extract_layer(stream, root, options);
    stream.finish();
  }

  // The refusal's text; empty if it was not refused.
  std::string refusal(const std::string& tar, const ExtractOptions& options = {}) {
    try {
      extract(tar, options);
      return "";
    } catch (const Error& error) {
      return error.message();
    }
  }

  std::string in_layer(const std::string& name) const { return path("layer/" + name); }
  std::string content(const std::string& name) const { return fs::read_all(in_layer(name)); }
  struct stat status(const std::string& name) const {
    return *sys::lstat(in_layer(name));
  }
  void expect_canary_alive() const {
    EXPECT_EQ(fs::list_dir(path("outside")), std::vector<std::string>{"canary"});
    EXPECT_EQ(fs::read_all(path("outside/canary")), "alive");
  }
};

TEST_F(Extract, RefusesNamesThatLeadOut) {
  extract(test::TarBuilder().file("a//b/../c", "here").finish());
  EXPECT_EQ(content("a/c"), "here");
  EXPECT_NE(refusal(test::TarBuilder().file("a/../../outside/x", "").finish()), "");
  expect_canary_alive();
}

TEST_F(Extract, TakesAbsoluteNamesAsBeneathTheRoot) {
  extract(test::TarBuilder().file(path("outside/x"), "here").finish());
  EXPECT_EQ(content(path("outside/x").substr(1)), "here");
  expect_canary_alive();
}

TEST_F(Extract, AnAbsoluteSymlinkedParentLeadsNowhereOutside) {
  EXPECT_NE(
      refusal(test::TarBuilder().symlink("link", path("outside")).file("link/x", "here").finish()),
      "");
  expect_canary_alive();
}

TEST_F(Extract, ARelativeSymlinkedParentIsResolvedInsideTheRoot) {
  extract(test::TarBuilder()
              .dir("usr/lib")
              .symlink("lib", "../../../usr/lib")
              .file("lib/x", "here")
              .finish());
  EXPECT_EQ(content("usr/lib/x"), "here");
}

TEST_F(Extract, AFileReplacesASymlinkInsteadOfWritingThroughIt) {
  extract(test::TarBuilder().symlink("x", path("outside/canary")).file("x", "replaced").finish());
  EXPECT_EQ(content("x"), "replaced");
  expect_canary_alive();
}

TEST_F(Extract, ADirectoryReplacesASymlink) {
  extract(test::TarBuilder().symlink("d", path("outside")).dir("d").file("d/x", "").finish());
  EXPECT_TRUE(S_ISDIR(status("d").st_mode));
  expect_canary_alive();
}

TEST_F(Extract, AFileReplacesADirectoryWithAllThatIsInIt) {
  extract(test::TarBuilder().dir("d").file("d/deep/x", "1").file("d", "2").finish());
  EXPECT_EQ(content("d"), "2");
}

TEST_F(Extract, RefusesHardLinksOut) {
  EXPECT_NE(refusal(test::TarBuilder().hardlink("x", "../outside/canary").finish()), "");
  EXPECT_NE(refusal(test::TarBuilder().hardlink("x", path("outside/canary")).finish()), "");
  EXPECT_NE(
      refusal(test::TarBuilder().symlink("l", path("outside")).hardlink("x", "l/canary").finish()),
      "");
}

TEST_F(Extract, AHardLinkToASymlinkIsTheSymlink) {
  extract(test::TarBuilder()
              .symlink("l", path("outside/canary"))
              .hardlink("x", "l")
              .file("x", "new")
              .finish());
  EXPECT_EQ(content("x"), "new");
  expect_canary_alive();
}

TEST_F(Extract, HardLinksShareOneFile) {
  extract(test::TarBuilder().file("a", "x").hardlink("b", "./a").hardlink("b", "a").finish());
  EXPECT_EQ(status("a").st_ino, status("b").st_ino);
}

TEST_F(Extract, ALaterEntryOfTheSameNameWins) {
  extract(test::TarBuilder().file("a", "first").file("./a", "second").finish());
  EXPECT_EQ(content("a"), "second");
}

TEST_F(Extract, KeepsDevicesAndFifosAsNodes) {
  Meta null;
  null.mode = 0666;
  null.major = 1;
  null.minor = 3;
  extract(test::TarBuilder().node('3', "null", null).node('6', "fifo", Meta{}).finish());
  EXPECT_TRUE(S_ISCHR(status("null").st_mode));
  EXPECT_EQ(status("null").st_rdev, makedev(1, 3));
  EXPECT_EQ(status("null").st_mode & 07777, 0666u);
  EXPECT_TRUE(S_ISFIFO(status("fifo").st_mode));
}

TEST_F(Extract, RefusesForgedWhiteouts) {
  EXPECT_NE(refusal(test::TarBuilder().node('3', "etc/passwd", Meta{}).finish()), "");
}

TEST_F(Extract, RefusesOverlayAttributes) {
  Meta meta;
  meta.xattrs = {{"trusted.overlay.redirect", "/etc"}};
  EXPECT_NE(refusal(test::TarBuilder().dir("d", meta).finish()).find("trusted.overlay.redirect"),
            std::string::npos);
}

TEST_F(Extract, WhiteoutsBecomeOverlays) {
  extract(test::TarBuilder().dir("d").file("d/.wh.gone", "").file("e/.wh..wh..opq", "").finish());
  EXPECT_TRUE(is_whiteout(status("d/gone")));
  EXPECT_TRUE(is_opaque(sys::open(in_layer("e"), O_RDONLY)));
}

TEST_F(Extract, AWhiteoutHidesWhatLiesBeneathAndNotThisLayersOwn) {
  extract(test::TarBuilder()
              .file("kept", "x")
              .file(".wh.kept", "")
              .file(".wh.dir", "")
              .file("dir/x", "new")
              .finish());
  EXPECT_EQ(content("kept"), "x");
  EXPECT_EQ(content("dir/x"), "new");
  EXPECT_TRUE(is_opaque(sys::open(in_layer("dir"), O_RDONLY)));
}

TEST_F(Extract, RefusesWhiteoutsOfNoName) {
  for (const char* name : {".wh.", ".wh..", ".wh...", "d/.wh.."})
    EXPECT_NE(refusal(test::TarBuilder().file(name, "").finish()), "") << name;
}

TEST_F(Extract, RefusesAHardLinkToAWhiteout) {
  EXPECT_NE(refusal(test::TarBuilder().file(".wh.a", "").hardlink("b", "a").finish()), "");
}

TEST_F(Extract, TakesWhiteoutNamesLiterallyWhenAsked) {
  ExtractOptions options;
  options.whiteouts = WhiteoutNames::literal;
  extract(test::TarBuilder().file(".wh.a", "x").finish(), options);
  EXPECT_EQ(content(".wh.a"), "x");
}

TEST_F(Extract, KeepsSetuidOwnerTimesAndCapabilities) {
  Meta meta;
  meta.mode = 04755;
  meta.uid = 12;
  meta.gid = 34;
  meta.mtime = 1234567;
  // VFS_CAP_REVISION_2 with cap_net_raw permitted and effective.
  std::string capability("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  meta.xattrs = {{"security.capability", capability}, {"user.note", "x"}, {"security.ima", "y"}};
  extract(test::TarBuilder().file("d/ping", "x", meta).finish());
  EXPECT_EQ(status("d/ping").st_mode & 07777, 04755u);
  EXPECT_EQ(status("d/ping").st_uid, 12u);
  EXPECT_EQ(status("d/ping").st_gid, 34u);
  EXPECT_EQ(status("d/ping").st_mtim.tv_sec, 1234567);
  char value[64];
  EXPECT_EQ(::getxattr(in_layer("d/ping").c_str(), "security.capability", value, 64), 20);
  EXPECT_EQ(::getxattr(in_layer("d/ping").c_str(), "user.note", value, 64), 1);
  EXPECT_EQ(::getxattr(in_layer("d/ping").c_str(), "security.ima", value, 64), -1);
}

TEST_F(Extract, DirectoriesKeepTheirTimesWhateverIsWrittenIntoThemLater) {
  Meta meta;
  meta.mode = 0711;
  meta.mtime = 1000;
  extract(test::TarBuilder().dir("d", meta).file("d/x", "").dir(".", meta).finish());
  EXPECT_EQ(status("d").st_mtim.tv_sec, 1000);
  EXPECT_EQ(status(".").st_mtim.tv_sec, 1000);
  EXPECT_EQ(status(".").st_mode & 07777, 0711u);
}

TEST_F(Extract, KeepsNamesOfAnyBytesAndUpToThePathLimit) {
  std::string deep;
  while (deep.size() + 201 < 4000) deep += std::string(200, 'n') + "/";
  extract(test::TarBuilder().file("uni-\xc3\xa9", "").file(deep + "f\xc3\xa9", "x").finish());
  EXPECT_TRUE(sys::lstat(in_layer("uni-\xc3\xa9")));
  UniqueFd dir = sys::open(path("layer"), O_RDONLY | O_DIRECTORY);
  EXPECT_NO_THROW(sys::openat(dir, deep + "f\xc3\xa9", O_RDONLY));
  EXPECT_NE(refusal(test::TarBuilder().file(deep + deep + "f", "").finish()), "");
}

TEST_F(Extract, MissingDirectoriesTakeTheAttributesOfTheLayersBeneath) {
  fs::make_dirs(path("lower/var/mail"), 0755);
  ASSERT_EQ(::chmod(path("lower/var/mail").c_str(), 02775), 0);
  ASSERT_EQ(::chown(path("lower/var/mail").c_str(), 0, 8), 0);
  ASSERT_EQ(::chmod(path("lower/var/mail").c_str(), 02775), 0);
  ExtractOptions options;
  options.lower = std::vector<std::string>{path("lower")};
  extract(test::TarBuilder().file("var/mail/root", "").file("new/x", "").finish(), options);
  EXPECT_EQ(status("var/mail").st_mode & 07777, 02775u);
  EXPECT_EQ(status("var/mail").st_gid, 8u);
  EXPECT_EQ(status("new").st_mode & 07777, 0755u);
}

TEST_F(Extract, StopsAtTheLimits) {
  ExtractOptions options;
  options.limits.entries = 2;
  auto three = test::TarBuilder().file("a", "").file("b", "").file("c", "").finish();
  EXPECT_NE(refusal(three, options), "");
  options.limits = {};
  options.limits.bytes = 10;
  EXPECT_NE(refusal(test::TarBuilder().file("a", "eleven byte").finish(), options), "");
}

TEST_F(Extract, StopsABombOfZeros) {
  std::string tar =
      write("zeros.tar", test::TarBuilder().file("a", std::string(80 << 20, '\0')).finish());
  ASSERT_EQ(std::system(cat("zstd -q -19 --rm ", tar).c_str()), 0);
  UniqueFd fd = sys::open(tar + ".zst", O_RDONLY);
  UniqueFd root = sys::open(path("layer"), O_RDONLY | O_DIRECTORY);
  TarStream stream(fd, "zeros");
  EXPECT_THROW(extract_layer(stream, root, {}), Error);
}

}  // namespace
}  // namespace estiba::img
