#include "base/node.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "tests/support/swapping.hpp"

namespace estiba {
namespace {

class Nodes : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/estiba-test-" + text::random_hex(12);
    fs::make_dirs(path("tree"), 0755);
    fs::write_atomic(path("outside"), "alive", 0640);
    tree_ = sys::open(path("tree"), O_RDONLY | O_DIRECTORY);
  }
  void TearDown() override { fs::remove_tree(directory_); }

  std::string path(const std::string& name) const { return fs::join(directory_, name); }
  std::string in_tree(const std::string& name) const { return path("tree/" + name); }
  void put(const std::string& name, const std::string& content) const {
    fs::write_atomic(in_tree(name), content, 0600);
  }
  void link_to_outside(const std::string& name) const {
    sys::symlink(path("outside"), in_tree(name));
  }
  static mode_t mode(const std::string& file) { return sys::lstat(file)->st_mode & 07777; }
  void expect_outside_as_it_was() const {
    EXPECT_EQ(mode(path("outside")), 0640u);
    EXPECT_EQ(fs::read_all(path("outside")), "alive");
  }

  std::string directory_;
  UniqueFd tree_;
};

TEST_F(Nodes, WhatIsHeldIsChangedWhateverItsNameMeansByThen) {
  put("file", "first");
  UniqueFd held = node::hold(tree_, "file");
  sys::rename(in_tree("file"), in_tree("moved"));
  link_to_outside("file");
  node::set_mode(held, 0751, "file");
  node::set_times(held, {{7, 0}, {8, 0}}, "file");
  node::set_owner(held, ::getuid(), ::getgid(), "file");
  EXPECT_EQ(mode(in_tree("moved")), 0751u);
  EXPECT_EQ(sys::lstat(in_tree("moved"))->st_mtim.tv_sec, 8);
  UniqueFd open = node::open_file(held, node::Use::read, "file");
  std::string content(16, '\0');
  EXPECT_EQ(sys::read(open, content.data(), content.size(), "file"), 5u);
  expect_outside_as_it_was();
}

TEST_F(Nodes, AnythingButARegularFileIsNotOpened) {
  ASSERT_EQ(::mkfifo(in_tree("fifo").c_str(), 0600), 0);
  link_to_outside("link");
  fs::make_dirs(in_tree("folder"));
  for (const char* name : {"fifo", "link", "folder"})
    for (auto use : {node::Use::read, node::Use::write})
      EXPECT_THROW(node::open_file(node::hold(tree_, name), use, name), Error) << name;
  EXPECT_THROW(node::directory_in(tree_, "fifo"), Error);
  EXPECT_THROW(node::directory_in(tree_, "link"), Error);
  EXPECT_THROW(node::make_file(tree_, "link", 0600), Error);
  expect_outside_as_it_was();
}

TEST_F(Nodes, ALinkIsReadAndOwnedItself) {
  UniqueFd made = node::make_link(tree_, "link", path("outside"));
  EXPECT_EQ(node::link_text(made, "link"), path("outside"));
  node::set_times(made, {{7, 0}, {8, 0}}, "link");
  EXPECT_EQ(sys::lstat(in_tree("link"))->st_mtim.tv_sec, 8);
  EXPECT_NE(sys::lstat(path("outside"))->st_mtim.tv_sec, 8);
  EXPECT_THROW(node::set_mode(made, 0777, "link"), Error);
  expect_outside_as_it_was();
}

TEST_F(Nodes, AFurtherNameIsOneOfTheHeldNode) {
  put("file", "first");
  UniqueFd held = node::hold(tree_, "file");
  sys::rename(in_tree("file"), in_tree("moved"));
  link_to_outside("file");
  node::add_name(held, tree_, "again");
  EXPECT_EQ(fs::read_all(in_tree("again")), "first");
}

TEST_F(Nodes, NamesAreSortedAndComeAnewEachTime) {
  for (const char* name : {"b", "a", "c"}) put(name, "");
  const std::vector<std::string> expected{"a", "b", "c"};
  EXPECT_EQ(node::names_in(tree_, "tree"), expected);
  EXPECT_EQ(node::names_in(tree_, "tree"), expected);
  EXPECT_FALSE(node::find(tree_, "d"));
}

TEST_F(Nodes, ARegularFileThatTradesPlacesWithALinkNeverLendsItItsMode) {
  put("file", "first");
  link_to_outside("link");
  test::Swapping swapping(in_tree("file"), in_tree("link"));
  int changed = 0;
  for (int round = 0; round < 2000; ++round) {
    UniqueFd held = node::hold(tree_, "file");
    if (!S_ISREG(sys::fstat(held).st_mode)) continue;
    node::set_mode(held, 04777, "file");
    ++changed;
  }
  EXPECT_GT(changed, 0);
  expect_outside_as_it_was();
}

TEST_F(Nodes, AReplacementTakesTheNameOfALinkAndNotItsTarget) {
  link_to_outside("link");
  {
    node::Replacement made(tree_, "link");
    sys::write_all(made.file(), "new", "link");
    made.take();
  }
  EXPECT_EQ(fs::read_all(in_tree("link")), "new");
  EXPECT_TRUE(S_ISREG(sys::lstat(in_tree("link"))->st_mode));
  expect_outside_as_it_was();
}

TEST_F(Nodes, AReplacementThatTookNoNameIsGone) {
  fs::make_dirs(in_tree("folder"));
  {
    node::Replacement made(tree_, "folder");
    EXPECT_THROW(made.take(), Error);
  }
  EXPECT_EQ(node::names_in(tree_, "tree"), std::vector<std::string>{"folder"});
}

TEST_F(Nodes, APathBeneathARootDoesNotLeaveIt) {
  put("outside", "mine");
  sys::symlink("/../outside", in_tree("up"));
  UniqueFd held = hold_beneath(tree_, "up", Links::follow);
  EXPECT_TRUE(node::same(sys::fstat(held), *sys::lstat(in_tree("outside"))));
  EXPECT_THROW(hold_beneath(tree_, "up", Links::refuse), Error);
  EXPECT_EQ(node::link_text(hold_beneath(tree_, "up", Links::but_last), "up"), "/../outside");
  EXPECT_FALSE(find_beneath(tree_, "nothing", Links::follow));
  directory_beneath(tree_, "/a/../b/c", Links::follow);
  file_beneath(tree_, "/up", Links::follow);
  EXPECT_TRUE(S_ISDIR(sys::lstat(in_tree("b/c"))->st_mode));
  expect_outside_as_it_was();
}

TEST_F(Nodes, DirectoriesAreMadeThoughSomebodyRemovesThem) {
  std::atomic<bool> over = false;
  std::thread remover([&] {
    while (!over) ::rmdir(in_tree("comes/goes").c_str());
  });
  for (int i = 0; i < 20'000; ++i) EXPECT_NO_THROW(fs::make_dirs(in_tree("comes/goes")));
  over = true;
  remover.join();
  sys::symlink("nowhere", in_tree("dangling"));
  EXPECT_THROW(fs::make_dirs(in_tree("dangling")), Error);
}

}  // namespace
}  // namespace estiba
