#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.hpp"
#include "base/visible.hpp"
#include "orchestrator/ui/progress.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator::ui {
namespace {

constexpr std::array<std::string_view, 10> spinner{"⠋", "⠙", "⠹", "⠸", "⠼",
                                                   "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr auto frame = std::chrono::milliseconds(100);

struct Mark {
  std::string_view sign, colour;
};

Mark mark_of(StepState state, std::chrono::milliseconds age) {
  switch (state) {
    case StepState::done:
      return {"✔", "32"};
    case StepState::warning:
      return {"!", "33"};
    case StepState::error:
      return {"✘", "31"};
    case StepState::working:
      break;
  }
  return {spinner[static_cast<size_t>(age / frame) % spinner.size()], "34"};
}

std::string coloured(std::string_view text, std::string_view colour, bool wanted) {
  return wanted ? cat("\x1b[", colour, "m", text, "\x1b[0m") : std::string(text);
}

std::string seconds_of(std::chrono::milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1fs", static_cast<double>(time.count()) / 1000);
  return text;
}

std::string padded(std::string text, size_t columns) {
  size_t width = display_width(text);
  if (width < columns) text.append(columns - width, ' ');
  return text;
}

}  // namespace

void ProgressBlock::update(const Step& step, Time now) {
  auto [found, added] = by_id_.emplace(step.id, entries_.size());
  if (added) entries_.push_back({step, now, now});
  Entry& entry = entries_[found->second];
  // What is drawn goes out as it is, so it is made visible before it is measured.
  auto one_line = [](const std::string& text) { return visible(text, LineEnds::escaped); };
  entry.step = {one_line(step.id), one_line(step.status), step.state, one_line(step.text)};
  entry.ended = now;
}

std::string ProgressBlock::line(const Entry& entry, Time now, size_t columns) const {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  bool working = entry.step.state == StepState::working;
  auto age = duration_cast<milliseconds>((working ? now : entry.ended) - entry.begun);
  Mark mark = mark_of(entry.step.state, age);
  std::string timer = seconds_of(age);
  size_t id_width = 0, status_width = 0;
  for (const Entry& each : entries_) {
    id_width = std::max(id_width, display_width(each.step.id));
    status_width = std::max(status_width, display_width(each.step.status));
  }
  // The sign, blanks and the timer take 12 columns; details go first where it is narrow.
  size_t room = columns > 12 ? columns - 12 : 1;
  std::string status = padded(entry.step.status, status_width);
  std::string text = cat(padded(entry.step.id, id_width), "  ", status);
  if (!entry.step.text.empty()) text += cat("  ", entry.step.text);
  text = padded(shortened(text, room), room);
  return cat(" ", coloured(mark.sign, mark.colour, style_.colours), " ", text, " ",
             std::string(timer.size() < 8 ? 8 - timer.size() : 0, ' '), timer);
}

std::vector<std::string> ProgressBlock::lines(Time now, size_t columns, size_t rows) const {
  if (entries_.empty()) return {};
  auto finished = std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.step.state != StepState::working;
  });
  std::vector<std::string> out{
      shortened(cat("[+] ", style_.dry_run ? "DRY-RUN " : "", style_.title, " ",
                    std::to_string(finished), "/", std::to_string(entries_.size())),
                columns)};
  size_t room = rows > 3 ? rows - 2 : 1;
  bool all_fit = entries_.size() <= room;
  // Where not all fit, what is still going on is of more interest than what is done.
  size_t left_out = 0;
  for (bool working : {true, false})
    for (const Entry& entry : entries_) {
      if (all_fit && !working) break;
      if (!all_fit && working != (entry.step.state == StepState::working)) continue;
      if (out.size() < room + (all_fit ? 1 : 0))
        out.push_back(line(entry, now, columns));
      else
        ++left_out;
    }
  if (left_out > 0) out.push_back(cat(" ... ", std::to_string(left_out), " more"));
  return out;
}

std::string plain_line(const Step& step, bool dry_run) {
  std::string line = cat(dry_run ? " DRY-RUN MODE - " : "", " ", step.id, "  ", step.status,
                         step.text.empty() ? "" : cat(" ", step.text));
  return visible(line, LineEnds::escaped);
}

}  // namespace estiba::orchestrator::ui
