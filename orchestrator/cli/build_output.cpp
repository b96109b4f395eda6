#include "orchestrator/cli/build_output.hpp"

#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/visible.hpp"
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

// A command's line as a terminal would leave it, what stands behind the last carriage return,
// without anything that moves the cursor.
std::string shown_line(std::string_view line, Colours colours) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (size_t back = line.rfind('\r'); back != std::string_view::npos) line.remove_prefix(back + 1);
  return visible_output(line, colours);
}

// Steps of several images have the same names.
std::string step_id(const std::string& image, const std::string& step) {
  return cat(image, " ", step);
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

std::string OutputTail::last_line() const {
  return shown_line(text::trim(text(1)), Colours::dropped);
}

BuildOutput::BuildOutput(const ui::ProgressStyle& style)
    : plain_(style.kind == ui::ProgressKind::plain), progress_(ui::make_progress(style)) {}

int BuildOutput::begin(const std::string& name, const std::string& label) {
  std::lock_guard lock(mutex_);
  int id = static_cast<int>(images_.size());
  images_[id] = {name, label, {}, ""};
  progress_->show({cat("Image ", name), "Building", ui::StepState::working, ""});
  return id;
}

void BuildOutput::end(int image, const std::string& status, ui::StepState state) {
  std::lock_guard lock(mutex_);
  progress_->show({cat("Image ", images_.at(image).name), status, state, ""});
}

std::string BuildOutput::failed_output(int image) const {
  std::lock_guard lock(mutex_);
  return images_.at(image).failed_output;
}

void BuildOutput::on_event(int image, const img::BuildEvent& event) {
  std::lock_guard lock(mutex_);
  std::visit([&](const auto& one) { on(images_.at(image), one); }, event);
}

void BuildOutput::show(const ui::Step& step) {
  std::lock_guard lock(mutex_);
  progress_->show(step);
}

void BuildOutput::tick() {
  std::lock_guard lock(mutex_);
  progress_->tick();
}

void BuildOutput::finish() {
  std::lock_guard lock(mutex_);
  progress_->finish();
}

void BuildOutput::on(Image& image, const img::StepStarted& event) {
  Running& running = image.running[event.step];
  running.number = ++steps_;
  running.name = visible(event.name.substr(0, event.name.find('\n')), LineEnds::escaped);
  if (!image.label.empty() && running.name.starts_with('['))
    running.name.insert(1, cat(image.label, " "));
  if (plain_) return print_aside(cat("#", std::to_string(running.number), " ", running.name, "\n"));
  progress_->show({step_id(image.name, running.name), "Running", ui::StepState::working, ""});
}

void BuildOutput::on(Image& image, const img::StepOutput& event) {
  Running& running = image.running[event.step];
  running.tail.add(event.text);
  if (plain_) return print_lines(running, event.text);
  progress_->show({step_id(image.name, running.name), "Running", ui::StepState::working,
                   running.tail.last_line()});
}

void BuildOutput::print_lines(Running& running, std::string_view text) {
  running.unfinished += text;
  std::string out;
  size_t start = 0;
  for (size_t end; (end = running.unfinished.find('\n', start)) != std::string::npos;
       start = end + 1)
    out += cat(
        "#", std::to_string(running.number), " ",
        shown_line(std::string_view(running.unfinished).substr(start, end - start), Colours::kept),
        "\n");
  running.unfinished.erase(0, start);
  if (!out.empty()) print_raw_aside(out);
}

void BuildOutput::on(Image& image, const img::StepEnded& event) {
  Running& running = image.running[event.step];
  bool failed = event.result == img::StepResult::failed;
  if (failed && image.failed_output.empty())
    image.failed_output = visible_output(running.tail.text(failed_lines), Colours::dropped);
  std::string word = word_of(event.result);
  if (plain_) {
    if (!running.unfinished.empty()) print_lines(running, "\n");
    print_aside(
        cat("#", std::to_string(running.number), " ", word, " ", seconds(event.duration), "\n"));
  } else {
    progress_->show({step_id(image.name, running.name), word,
                     failed ? ui::StepState::error : ui::StepState::done, ""});
  }
  image.running.erase(event.step);
}

void BuildOutput::on(Image& image, const img::BuildWarning& event) {
  progress_->warn(image.label.empty() ? event.text : cat(image.label, ": ", event.text));
}

}  // namespace estiba::orchestrator
