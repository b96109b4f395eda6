#include "orchestrator/cli/build_output.hpp"

#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t tail_bytes = 16384;
constexpr size_t failed_lines = 20;

std::string seconds(std::chrono::nanoseconds duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1fs", std::chrono::duration<double>(duration).count());
  return text;
}

const char* word_of(img::StepResult result) {
  switch (result) {
    case img::StepResult::cached:
      return "Cached";
    case img::StepResult::failed:
      return "Failed";
    case img::StepResult::done:
      break;
  }
  return "Done";
}

}  // namespace

void OutputTail::add(std::string_view text) {
  kept_ += text;
  if (kept_.size() > 2 * tail_bytes) kept_.erase(0, kept_.size() - tail_bytes);
}

std::string OutputTail::text(size_t lines) const {
  std::string whole = kept_;
  if (!whole.empty() && !whole.ends_with('\n')) whole += '\n';
  size_t start = whole.size();
  for (size_t i = 0; i <= lines && start > 0; ++i) {
    size_t before = start < 2 ? whole.npos : whole.rfind('\n', start - 2);
    if (i == lines) break;
    start = before == whole.npos ? 0 : before + 1;
  }
  return whole.substr(start);
}

std::string OutputTail::last_line() const { return std::string(text::trim(text(1))); }

BuildOutput::BuildOutput(const ui::ProgressStyle& style)
    : plain_(style.kind == ui::ProgressKind::plain), progress_(ui::make_progress(style)) {}

void BuildOutput::begin(const std::string& image) {
  std::lock_guard lock(mutex_);
  image_ = cat("Image ", image);
  running_.clear();
  progress_->show({image_, "Building", ui::StepState::working, ""});
}

void BuildOutput::end(const std::string& status, ui::StepState state) {
  std::lock_guard lock(mutex_);
  progress_->show({image_, status, state, ""});
}

void BuildOutput::on_event(const img::BuildEvent& event) {
  std::lock_guard lock(mutex_);
  std::visit([this](const auto& one) { on(one); }, event);
}

void BuildOutput::tick() {
  std::lock_guard lock(mutex_);
  progress_->tick();
}

void BuildOutput::finish() {
  std::lock_guard lock(mutex_);
  progress_->finish();
}

// Steps of several images have the same names.
std::string BuildOutput::step_id(const Running& running) const {
  return cat(image_.substr(image_.find(' ') + 1), " ", running.name);
}

void BuildOutput::on(const img::StepStarted& event) {
  Running& running = running_[event.step];
  running.name = event.name.substr(0, event.name.find('\n'));
  if (plain_) return print_aside(cat("#", std::to_string(event.step), " ", running.name, "\n"));
  progress_->show({step_id(running), "Running", ui::StepState::working, ""});
}

void BuildOutput::on(const img::StepOutput& event) {
  Running& running = running_[event.step];
  running.tail.add(event.text);
  if (plain_) return print_lines(event.step, running, event.text);
  progress_->show({step_id(running), "Running", ui::StepState::working, running.tail.last_line()});
}

void BuildOutput::print_lines(int step, Running& running, std::string_view text) {
  running.unfinished += text;
  std::string out;
  size_t start = 0;
  for (size_t end; (end = running.unfinished.find('\n', start)) != std::string::npos;
       start = end + 1)
    out += cat("#", std::to_string(step), " ", running.unfinished.substr(start, end + 1 - start));
  running.unfinished.erase(0, start);
  if (!out.empty()) print_aside(out);
}

void BuildOutput::on(const img::StepEnded& event) {
  Running& running = running_[event.step];
  if (event.result == img::StepResult::failed && failed_output_.empty())
    failed_output_ = running.tail.text(failed_lines);
  std::string word = word_of(event.result);
  if (plain_) {
    if (!running.unfinished.empty()) print_lines(event.step, running, "\n");
    print_aside(
        cat("#", std::to_string(event.step), " ", word, " ", seconds(event.duration), "\n"));
  } else {
    bool failed = event.result == img::StepResult::failed;
    progress_->show(
        {step_id(running), word, failed ? ui::StepState::error : ui::StepState::done, ""});
  }
  running_.erase(event.step);
}

void BuildOutput::on(const img::BuildWarning& event) { progress_->warn(event.text); }

}  // namespace estiba::orchestrator
