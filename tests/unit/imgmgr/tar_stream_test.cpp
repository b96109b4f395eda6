// Headers of tar archives that lie: nothing of them is cut to fit, or believed beyond its bounds.
#include "imgmgr/tar_stream.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/support/tar_builder.hpp"

namespace estiba::img {
namespace {

using test::TarBuilder;

TarStream stream_of(const std::string& tar) {
  auto rest = std::make_shared<std::string>(tar);
  return {[rest, given = false]() mutable -> std::string_view {
            return std::exchange(given, true) ? std::string_view() : std::string_view(*rest);
          },
          "it.tar"};
}

// What becomes of an archive with one file whose pax header has this record.
std::string read_with(const std::string& key, const std::string& value,
                      const std::string& content = "content") {
  TarBuilder::Meta meta;
  meta.records = {{key, value}};
  try {
    TarStream stream = stream_of(TarBuilder().file("a", content, meta).finish());
    auto entry = stream.next();
    std::string out = cat(entry->path, " ", std::to_string(entry->uid), " ",
                          std::to_string(entry->size), " ", std::to_string(entry->mtime.tv_sec));
    while (auto block = stream.read_block())
      out += cat(" [", std::to_string(block->offset), " ", block->data, "]");
    return out;
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(TarHeaders, NameOwnersThatThereCanBe) {
  EXPECT_EQ(read_with("uid", "2147483647"), "a 2147483647 7 1 [0 content]");
  for (const char* uid : {"2147483648", "4294967295", "4294967296", "9223372036854775807", "-1"})
    EXPECT_NE(read_with("uid", uid).find("the entry \"a\": its owner "), std::string::npos) << uid;
  EXPECT_NE(read_with("gid", "4294967296").find("its group 4294967296 is out of range"),
            std::string::npos);
}

TEST(TarHeaders, HaveTimesThatAFileCanHave) {
  EXPECT_EQ(read_with("mtime", "9223372036854775807"), "a 0 7 253402300799 [0 content]");
  EXPECT_EQ(read_with("mtime", "-5"), "a 0 7 -5 [0 content]");
}

TEST(TarHeaders, HaveNamesNoLongerThanAPath) {
  EXPECT_NE(read_with("path", std::string(4096, 'x')).find("its name is longer than"),
            std::string::npos);
  EXPECT_NE(read_with("path", std::string(4096, 'x')).find("xxx"), std::string::npos);
  EXPECT_EQ(read_with("path", std::string(4095, 'x')).substr(0, 4095), std::string(4095, 'x'));
}

TEST(TarHeaders, HaveAttributesThatAFileCanHave) {
  EXPECT_NE(read_with("SCHILY.xattr.user.a", std::string(65537, 'x')).find("an attribute of it"),
            std::string::npos);
  EXPECT_NE(read_with("SCHILY.xattr.user." + std::string(300, 'a'), "x").find("an attribute of it"),
            std::string::npos);
}

// GNU's sparse files in pax, version 0.1: where the pieces belong.
std::string sparse(const std::string& map, const std::string& size) {
  TarBuilder::Meta meta;
  meta.records = {{"GNU.sparse.size", size}, {"GNU.sparse.map", map}};
  try {
    TarStream stream = stream_of(TarBuilder().file("a", "aabb", meta).finish());
    auto entry = stream.next();
    std::string out = std::to_string(entry->size);
    while (auto block = stream.read_block())
      out += cat(" [", std::to_string(block->offset), " ", block->data, "]");
    return out;
  } catch (const Error& error) {
    return "refused";
  }
}

TEST(TarHeaders, MapHolesInOrderAndWithinTheFile) {
  EXPECT_EQ(sparse("0,2,10,2", "12"), "12 [0 aa] [10 bb]");
  EXPECT_EQ(sparse("10,2,0,2", "12"), "refused") << "backwards";
  EXPECT_EQ(sparse("0,2,1,2", "12"), "refused") << "one over the other";
  EXPECT_EQ(sparse("0,2,100,2", "12"), "refused") << "behind the end";
}

}  // namespace
}  // namespace estiba::img
