#include "orchestrator/logs/printer.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/visible.hpp"
#include "orchestrator/cli/output.hpp"

namespace estiba::orchestrator {
namespace {

// Cyan, yellow, green, magenta, blue, and the same bright.
constexpr std::array<std::string_view, 10> colours{"36",   "33",   "32",   "35",   "34",
                                                   "36;1", "33;1", "32;1", "35;1", "34;1"};
constexpr size_t gathered_bytes = size_t{64} << 10;

}  // namespace

void LogPrinter::announce(const std::string& name) {
  colour_of_.emplace(name, colour_of_.size() % colours.size());
  width_ = std::max(width_, name.size());
}

std::string LogPrinter::prefix(const std::string& name) const {
  std::string text = cat(visible(name, LineEnds::escaped),
                         std::string(width_ - std::min(width_, name.size()), ' '), "  | ");
  auto colour = colour_of_.find(name);
  if (!style_.colours || colour == colour_of_.end()) return text;
  return cat("\x1b[", colours[colour->second], "m", text, "\x1b[0m");
}

void LogPrinter::print(const std::string& name, const LogLine& line) {
  announce(name);
  LogStream stream = style_.separate_errors ? line.stream : LogStream::out;
  std::string& sink = stream == LogStream::err ? err_ : out_;
  if (style_.prefix) sink += prefix(name);
  if (style_.timestamps) sink.append(line.time).append(" ");
  sink.append(line.text).append("\n");
  if (sink.size() >= gathered_bytes) flush();
}

void LogPrinter::say(std::string_view sentence) {
  out_ += cat(visible(sentence), "\n");
  flush();
}

void LogPrinter::flush() {
  // What containers say goes out as they said it, as with Docker.
  print_raw(out_);
  print_raw_aside(err_);
  out_.clear();
  err_.clear();
}

}  // namespace estiba::orchestrator
