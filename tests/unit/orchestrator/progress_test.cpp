#include "orchestrator/ui/progress.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator::ui {
namespace {

using namespace std::chrono_literals;
const ProgressBlock::Time start{};

ProgressBlock block_of(size_t working, size_t done) {
  ProgressStyle style;
  style.title = "up";
  ProgressBlock block(style);
  for (size_t i = 0; i < done; ++i)
    block.update({cat("Container d", std::to_string(i)), "Started", StepState::done, ""}, start);
  for (size_t i = 0; i < working; ++i)
    block.update({cat("Container w", std::to_string(i)), "Starting", StepState::working, ""},
                 start);
  return block;
}

TEST(ProgressBlock, ShowsMarksAndTimes) {
  ProgressBlock block = block_of(0, 0);
  block.update({"Network n", "Creating", StepState::working, ""}, start);
  block.update({"Container web-1", "Starting", StepState::working, ""}, start);
  block.update({"Network n", "Created", StepState::done, ""}, start + 200ms);
  EXPECT_EQ(text::join(block.lines(start + 1500ms, 60, 24), "\n"),
            "[+] up 1/2\n"
            " ✔ Network n        Created                             0.2s\n"
            " ⠴ Container web-1  Starting                            1.5s");
}

TEST(ProgressBlock, IsNeverWiderOrHigherThanTheTerminal) {
  ProgressBlock block = block_of(30, 30);
  for (size_t rows : {4u, 10u, 24u, 100u})
    for (size_t columns : {20u, 40u, 80u}) {
      auto lines = block.lines(start + 90min, columns, rows);
      EXPECT_LT(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(display_width(line), columns) << line;
    }
}

TEST(ProgressBlock, WhatGoesOnIsShownBeforeWhatIsDone) {
  auto lines = block_of(3, 30).lines(start, 80, 8);
  EXPECT_NE(lines[1].find("Container w0"), std::string::npos);
  EXPECT_EQ(lines.back(), " ... 28 more");
}

TEST(PlainLine, IsAsDockerComposeWritesIt) {
  EXPECT_EQ(plain_line({"Container x-1", "Started", StepState::done, ""}, false),
            " Container x-1  Started");
  EXPECT_EQ(plain_line({"Container x-1", "Started", StepState::done, ""}, true),
            " DRY-RUN MODE -  Container x-1  Started");
}

TEST(ProgressStyle, KnowsItsKinds) {
  EXPECT_EQ(progress_style("json", "auto").kind, ProgressKind::json);
  EXPECT_EQ(progress_style("quiet", "auto").kind, ProgressKind::quiet);
  EXPECT_THROW(progress_style("fancy", "auto"), Error);
}

}  // namespace
}  // namespace estiba::orchestrator::ui
