// What builds do, as users see it; and what a failing command said last.
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

/// Called from the threads of builds that run at the same time.
class BuildOutput {
 public:
  explicit BuildOutput(const ui::ProgressStyle& style);

  /// Begins an image; `label` tells its steps from those of other images, if it is not empty.
  /// Returns what the other calls know the image by.
  int begin(const std::string& image, const std::string& label);
  void on_event(int image, const img::BuildEvent& event);
  void end(int image, const std::string& status, ui::StepState state);
  /// What the image's command that failed said last, or nothing.
  std::string failed_output(int image) const;
  /// What is no step of a Dockerfile: an image that is pulled for one.
  void show(const ui::Step& step);
  /// Timers go on; from another thread.
  void tick();
  void finish();

 private:
  struct Running {
    int number = 0;  ///< among the steps of all images
    std::string name;
    OutputTail tail;
    std::string unfinished;  ///< a line without its end yet
  };
  struct Image {
    std::string name, label;
    std::map<int, Running> running;
    std::string failed_output;
  };
  void on(Image& image, const img::StepStarted& event);
  void on(Image& image, const img::StepOutput& event);
  void on(Image& image, const img::StepEnded& event);
  void on(Image& image, const img::BuildWarning& event);
  void print_lines(Running& running, std::string_view text);

  mutable std::mutex mutex_;
  bool plain_;
  std::unique_ptr<ui::Progress> progress_;
  std::map<int, Image> images_;
  int steps_ = 0;
};

}  // namespace estiba::orchestrator
