// What a build does, as users see it; and what its failing command said last.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "imgmgr/build/builder.hpp"
#include "orchestrator/ui/progress.hpp"

namespace estiba::orchestrator {

/// The last lines of an output that comes in pieces.
class OutputTail {
 public:
  void add(std::string_view text);
  /// At most `lines` whole or unfinished lines, each ended.
  std::string text(size_t lines) const;
  std::string last_line() const;

 private:
  std::string kept_;
};

class BuildOutput {
 public:
  explicit BuildOutput(const ui::ProgressStyle& style);

  /// The image whose steps come from now on.
  void begin(const std::string& image);
  void on_event(const img::BuildEvent& event);
  void end(const std::string& status, ui::StepState state);
  /// Timers go on; from another thread.
  void tick();
  void finish();
  /// What the command that failed said last, or nothing.
  std::string failed_output() const { return failed_output_; }

 private:
  struct Running {
    std::string name;
    OutputTail tail;
    std::string unfinished;  ///< a line without its end yet
  };
  void on(const img::StepStarted& event);
  void on(const img::StepOutput& event);
  void on(const img::StepEnded& event);
  void on(const img::BuildWarning& event);
  void print_lines(int step, Running& running, std::string_view text);
  std::string step_id(const Running& running) const;

  std::mutex mutex_;
  bool plain_;
  std::unique_ptr<ui::Progress> progress_;
  std::string image_;
  std::map<int, Running> running_;
  std::string failed_output_;
};

}  // namespace estiba::orchestrator
