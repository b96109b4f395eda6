// Importing: what becomes of a tar, and what is left behind when it fails.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::img {
namespace {

class Import : public test::ImageTest {};

TEST_F(Import, MakesAnImageOfOneLayerWithTheDiffIdOfTheTar) {
  std::string tar = test::TarBuilder().file("etc/name", "value").finish();
  Images images(root());
  std::string id = images.import(write("a.tar", tar), "demo", {"CMD [\"/bin/sh\"]"}, "", {});
  auto record = images.find("demo");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->id, id);
  EXPECT_EQ(record->diff_ids, std::vector{cat("sha256:", Sha256::of(tar))});
  EXPECT_EQ(record->references, std::vector<std::string>{"docker.io/library/demo:latest"});
  EXPECT_EQ(record->config.cmd, std::vector<std::string>{"/bin/sh"});
  EXPECT_EQ(record->size, 5u);
  EXPECT_EQ(fs::read_all(record->layer_dirs.front() + "/etc/name"), "value");
}

TEST_F(Import, ReadsEveryCompression) {
  std::string tar = write("a.tar", test::TarBuilder().file("f", "x").finish());
  Images images(root());
  std::string plain = images.import(tar, "plain", {}, "m", {});
  for (const char* program : {"gzip", "bzip2", "xz", "zstd -q"}) {
    std::string packed = path("packed");
    ASSERT_EQ(std::system(cat(program, " -c ", tar, " > ", packed).c_str()), 0) << program;
    images.import(packed, "packed", {}, "m", {});
    EXPECT_EQ(images.find("packed")->diff_ids, images.find("plain")->diff_ids) << program;
  }
}

TEST_F(Import, AFailedOneLeavesNothing) {
  std::string tar = test::TarBuilder().file("f", std::string(100000, 'x')).finish();
  Images images(root());
  EXPECT_THROW(images.import(write("cut.tar", tar.substr(0, 50000)), "demo", {}, "", {}), Error);
  EXPECT_FALSE(images.find("demo"));
  EXPECT_TRUE(fs::list_dir(root() + "/images/tmp").empty());
  EXPECT_TRUE(fs::list_dir(root() + "/images/layers/sha256").empty());
}

TEST_F(Import, ANonArchiveIsNamedInTheError) {
  Images images(root());
  try {
    images.import(write("note.txt", "just some text, long enough to be looked at by anybody"), "x",
                  {}, "", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("note.txt"), std::string::npos) << error.message();
  }
}

TEST_F(Import, AnAbandonedTemporaryDirectoryIsSweptByTheNextWriter) {
  std::string abandoned = root() + "/images/tmp/0123";
  fs::make_dirs(abandoned + "/root/etc");
  fs::write_atomic(abandoned + "/lock", "");
  Images(root()).import(write("a.tar", test::TarBuilder().file("f", "x").finish()), "x", {}, "",
                        {});
  EXPECT_FALSE(fs::exists(abandoned));
}

TEST_F(Import, ATemporaryDirectoryInUseIsKept) {
  std::string busy = root() + "/images/tmp/0123";
  fs::make_dirs(busy);
  auto lock = fs::FileLock::acquire(busy + "/lock", fs::FileLock::Mode::exclusive);
  Images(root()).import(write("a.tar", test::TarBuilder().file("f", "x").finish()), "x", {}, "",
                        {});
  EXPECT_TRUE(fs::exists(busy));
}

TEST_F(Import, TheStoreIsForRootAlone) {
  Images(root()).import(write("a.tar", test::TarBuilder().file("f", "x").finish()), "x", {}, "",
                        {});
  EXPECT_EQ(sys::stat(root() + "/images")->st_mode & 0777, 0700u);
}

TEST_F(Import, RemovingTheLastReferenceRemovesLayersThatNobodyElseHas) {
  Images images(root());
  std::string shared = write("a.tar", test::TarBuilder().file("f", "x").finish());
  std::string id = images.import(shared, "one", {}, "", {});
  images.tag("one", "two");
  EXPECT_EQ(images.remove("one", {}, false), std::vector<std::string>{"Untagged: one:latest"});
  std::string dir = images.find("two")->layer_dirs.front();
  EXPECT_EQ(images.remove("two", {}, false),
            (std::vector<std::string>{"Untagged: two:latest", cat("Deleted: ", id)}));
  EXPECT_FALSE(fs::exists(dir));
  EXPECT_TRUE(images.list().empty());
}

TEST_F(Import, AnImageInUseIsKeptAndOnlyLosesItsNamesWhenForced) {
  Images images(root());
  std::string tar = write("a.tar", test::TarBuilder().file("f", "x").finish());
  std::string id = images.import(tar, "one", {}, "", {});
  EXPECT_THROW(images.remove("one", {id}, false), Error);
  images.remove("one", {id}, true);
  EXPECT_FALSE(images.find("one"));
  EXPECT_TRUE(images.find(id));
}

TEST_F(Import, ANameThatMovesOnLeavesTheOldImageWithoutOne) {
  Images images(root());
  std::string first =
      images.import(write("a.tar", test::TarBuilder().file("f", "1").finish()), "x", {}, "", {});
  std::string second =
      images.import(write("b.tar", test::TarBuilder().file("f", "2").finish()), "x", {}, "", {});
  EXPECT_EQ(images.find("x")->id, second);
  EXPECT_TRUE(images.find(first.substr(7, 12))->references.empty());
}

}  // namespace
}  // namespace estiba::img
