// Progress of a call, to standard error: a block that is redrawn on a terminal, one line a change
// elsewhere, JSON lines, or nothing. Standard output is never touched.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::orchestrator::ui {

enum class StepState { working, done, warning, error };
StepState step_state(std::string_view word);

struct Step {
  std::string id;      ///< "Container shop-web-1"
  std::string status;  ///< "Starting"
  StepState state = StepState::working;
  std::string text;  ///< details, often empty
};

enum class ProgressKind { tty, plain, json, quiet };

struct ProgressStyle {
  ProgressKind kind = ProgressKind::plain;
  bool colours = false;
  bool dry_run = false;
  std::string title;  ///< "up": the word of the header
};

/// From --progress and --ansi; an Error if the first is unknown.
ProgressStyle progress_style(const std::string& kind, const std::string& ansi);

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void show(const Step& step) = 0;
  virtual void warn(const std::string& sentence) = 0;
  /// Called a few times a second while nothing happens: timers go on.
  virtual void tick() {}
  /// Draws the last state and leaves the terminal as it was.
  virtual void finish() {}
  /// Whether a percentage that goes up is worth a step of its own.
  virtual bool redraws() const { return false; }
};

std::unique_ptr<Progress> make_progress(const ProgressStyle& style);

/// The block of the terminal form, as values: what is drawn at a moment.
class ProgressBlock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit ProgressBlock(ProgressStyle style) : style_(std::move(style)) {}
  void update(const Step& step, Time now);
  /// Lines for a terminal of this size; never more than `rows` - 1.
  std::vector<std::string> lines(Time now, size_t columns, size_t rows) const;

 private:
  struct Entry {
    Step step;
    Time begun, ended;
  };
  std::string line(const Entry& entry, Time now, size_t columns) const;

  ProgressStyle style_;
  std::vector<Entry> entries_;
  std::map<std::string, size_t> by_id_;
};

/// ` Container shop-web-1  Started`: the plain form's line, without line end.
std::string plain_line(const Step& step, bool dry_run);

}  // namespace estiba::orchestrator::ui
