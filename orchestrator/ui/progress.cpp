#include "orchestrator/ui/progress.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator::ui {
namespace {

using Clock = std::chrono::steady_clock;

class Quiet : public Progress {
 public:
  void show(const Step&) override {}
  void warn(const std::string& sentence) override { print_warning(sentence); }
};

class Plain : public Progress {
 public:
  explicit Plain(ProgressStyle style) : style_(std::move(style)) {}
  void show(const Step& step) override { print_aside(cat(plain_line(step, style_.dry_run), "\n")); }
  void warn(const std::string& sentence) override { print_warning(sentence); }

 private:
  ProgressStyle style_;
};

class JsonLines : public Progress {
 public:
  explicit JsonLines(ProgressStyle style) : style_(std::move(style)) {}
  void show(const Step& step) override {
    Json line{{"dry-run", style_.dry_run}, {"id", step.id}, {"text", step.status}};
    constexpr const char* states[] = {"Working", "Done", "Warning", "Error"};
    line["status"] = states[static_cast<size_t>(step.state)];
    if (!step.text.empty()) line["details"] = step.text;
    print_aside(json::dump(line) + "\n");
  }
  void warn(const std::string& sentence) override {
    print_aside(json::dump({{"warning", true}, {"message", sentence}}) + "\n");
  }

 private:
  ProgressStyle style_;
};

/// Redraws its block in place: back to its first line, each line cleared to its end.
class Terminal final : public Progress {
 public:
  explicit Terminal(ProgressStyle style) : block_(std::move(style)) {}
  ~Terminal() override { finish(); }

  void show(const Step& step) override {
    block_.update(step, Clock::now());
    if (!finished_) draw_if_due();
  }
  void warn(const std::string& sentence) override {
    if (!finished_) erase();
    print_warning(sentence);
    if (!finished_) draw();
  }
  bool redraws() const override { return true; }
  void tick() override {
    if (!finished_) draw_if_due();
  }
  void finish() override {
    if (finished_) return;
    finished_ = true;
    draw();
    if (cursor_hidden_) print_raw_aside("\x1b[?25h");
  }

 private:
  void draw_if_due() {
    if (Clock::now() - drawn_at_ >= std::chrono::milliseconds(100)) draw();
  }
  void erase() {
    if (drawn_ > 0) print_raw_aside(cat("\x1b[", std::to_string(drawn_), "A\x1b[J"));
    drawn_ = 0;
  }
  void draw() {
    Size size = terminal_size(FdRef(STDERR_FILENO));
    auto lines = block_.lines(Clock::now(), static_cast<size_t>(size.columns),
                              static_cast<size_t>(size.rows));
    if (lines.empty()) return;
    std::string out;
    if (!cursor_hidden_) out += "\x1b[?25l";
    cursor_hidden_ = true;
    if (drawn_ > 0) out += cat("\x1b[", std::to_string(drawn_), "A");
    for (const std::string& line : lines) out += cat(line, "\x1b[K\n");
    if (lines.size() < drawn_) out += "\x1b[J";
    print_raw_aside(out);
    drawn_ = lines.size();
    drawn_at_ = Clock::now();
  }

  ProgressBlock block_;
  size_t drawn_ = 0;
  Clock::time_point drawn_at_;
  bool cursor_hidden_ = false;
  bool finished_ = false;
};

}  // namespace

StepState step_state(std::string_view word) {
  if (word == "done") return StepState::done;
  if (word == "warning") return StepState::warning;
  if (word == "error") return StepState::error;
  return StepState::working;
}

ProgressStyle progress_style(const std::string& kind, const std::string& ansi) {
  FdRef stderr_fd(STDERR_FILENO);
  ProgressStyle style;
  style.colours = colours_for(stderr_fd, ansi);
  if (kind == "quiet" || kind == "none")
    style.kind = ProgressKind::quiet;
  else if (kind == "json" || kind == "rawjson")
    style.kind = ProgressKind::json;
  else if (kind == "tty")
    style.kind = ProgressKind::tty;
  else if (kind == "auto" || kind.empty())
    // Redrawing needs escape sequences, whatever their colour.
    style.kind =
        is_terminal(stderr_fd) && ansi != "never" ? ProgressKind::tty : ProgressKind::plain;
  else if (kind != "plain")
    throw Error(cat("unsupported --progress value \"", kind,
                    "\": it must be auto, tty, plain, json or quiet"));
  return style;
}

std::unique_ptr<Progress> make_progress(const ProgressStyle& style) {
  switch (style.kind) {
    case ProgressKind::tty:
      return std::make_unique<Terminal>(style);
    case ProgressKind::plain:
      return std::make_unique<Plain>(style);
    case ProgressKind::json:
      return std::make_unique<JsonLines>(style);
    case ProgressKind::quiet:
      break;
  }
  return std::make_unique<Quiet>();
}

}  // namespace estiba::orchestrator::ui
