// Whole builds in a state directory of their own, with a chroot instead of the runtime and an image
// "base" of busybox.
#pragma once
#include <string>
#include <variant>

#include "base/error.hpp"
#include "imgmgr/build/builder.hpp"
#include "imgmgr/images.hpp"
#include "tests/support/chroot_runner.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::img {

class BuilderTest : public test::ImageTest {
 protected:
  void SetUp() override {
    test::ImageTest::SetUp();
    if (IsSkipped()) return;
    std::string busybox = find_busybox();
    if (busybox.empty()) GTEST_SKIP() << "needs a static busybox (package busybox-static)";
    test::TarBuilder::Meta program;
    program.mode = 0755;
    test::TarBuilder tar;
    tar.dir("etc").file("etc/passwd", "root:x:0:0::/root:/bin/sh\n").dir("tmp", 01777);
    tar.file("bin/busybox", fs::read_all(busybox), program);
    for (const char* applet : {"sh", "cat", "echo", "mkdir", "rm", "touch", "ls", "chmod", "true"})
      tar.symlink(std::string("bin/") + applet, "busybox");
    Images(root()).import(write("base.tar", tar.finish()), "base", {"CMD [\"sh\"]"}, "", {});
    fs::make_dirs(path("context"), 0755);
  }

  static std::string find_busybox() {
    for (const char* place : {"/bin/busybox", "/usr/bin/busybox", "/opt/peers/bb/bin/busybox"})
      if (fs::exists(place)) return place;
    return "";
  }

  BuildOptions options(const std::string& dockerfile) {
    BuildOptions out;
    out.context_dir = path("context");
    out.dockerfile_text = dockerfile;
    out.tags = {"built"};
    out.on_event = [this](const BuildEvent& event) { note(event); };
    return out;
  }

  void note(const BuildEvent& event) {
    if (const auto* ended = std::get_if<StepEnded>(&event)) {
      ++(ended->result == StepResult::cached ? cached_ : made_);
    } else if (const auto* output = std::get_if<StepOutput>(&event)) {
      output_ += output->text;
    } else if (const auto* warning = std::get_if<BuildWarning>(&event)) {
      warnings_ += warning->text + "\n";
    }
  }

  ImageRecord build(const BuildOptions& wanted) {
    cached_ = made_ = 0;
    output_.clear();
    test::ChrootRunner runner;
    Builder builder(root(), runner);
    return *Images(root()).find(builder.build(wanted));
  }
  ImageRecord build(const std::string& dockerfile) { return build(options(dockerfile)); }

  std::string failure(const std::string& dockerfile) {
    try {
      build(dockerfile);
      return "";
    } catch (const Error& error) {
      return error.message();
    }
  }

  // What the command prints in the image.
  std::string shown(const std::string& command, const std::string& image = "built") {
    auto wanted = options("FROM " + image + "\nRUN " + command);
    wanted.tags = {};
    wanted.no_cache = true;
    build(wanted);
    return output_;
  }

  int cached_ = 0, made_ = 0;
  std::string output_, warnings_;
};

}  // namespace estiba::img
