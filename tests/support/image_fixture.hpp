// A directory of its own for each test of images, removed afterwards; needs root, for owners and
// devices are part of what is tested.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/fs.hpp"
#include "base/text.hpp"
#include "tests/support/tar_builder.hpp"

namespace estiba::test {

class ImageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root (CAP_MKNOD, CAP_CHOWN, CAP_SYS_ADMIN)";
    directory_ = "/tmp/estiba-test-" + text::random_hex(12);
    fs::make_dirs(directory_);
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_tree(directory_);
  }

  std::string path(const std::string& name) const { return fs::join(directory_, name); }
  std::string root() const { return path("state"); }
  std::string write(const std::string& name, const std::string& content) const {
    fs::write_atomic(path(name), content, 0644);
    return path(name);
  }

 private:
  std::string directory_;
};

}  // namespace estiba::test
