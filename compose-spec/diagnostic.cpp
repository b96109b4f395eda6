#include "compose-spec/diagnostic.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::spec {
namespace {

constexpr size_t widest_line = 120;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The byte where the character at `column` (from 1) starts.
size_t byte_of(std::string_view line, int column) {
  size_t at = 0;
  for (int seen = 0; at < line.size(); ++at)
    if (starts_character(line[at]) && ++seen == column) break;
  return at;
}

// Whether the byte is part of a UTF-8 sequence, so that garbage never reaches the terminal.
bool in_valid_sequence(std::string_view line, size_t at) {
  size_t start = at;
  while (start > 0 && at - start < 3 && !starts_character(line[start])) --start;
  auto first = static_cast<unsigned char>(line[start]);
  size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || at - start >= length || start + length > line.size()) return false;
  for (size_t i = start + 1; i < start + length; ++i)
    if (starts_character(line[i])) return false;
  return true;
}

// The source line with a caret beneath; a long line is cut around the place, control characters
// are shown as dots, tabs stay in both lines so that they align.
std::string excerpt(std::string_view line, int column) {
  size_t at = byte_of(line, column);
  size_t from = at > widest_line ? at - widest_line / 2 : 0;
  while (from > 0 && from < line.size() && !starts_character(line[from])) --from;
  size_t to = std::min(line.size(), from + widest_line);
  while (to < line.size() && !starts_character(line[to])) ++to;
  std::string shown, below;
  for (size_t i = from; i < to; ++i) {
    auto byte = static_cast<unsigned char>(line[i]);
    bool control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
    bool stray = byte >= 0x80 && !in_valid_sequence(line, i);
    shown += control || stray ? '.' : line[i];
    if (i < at && starts_character(line[i])) below += byte == '\t' ? '\t' : ' ';
  }
  return cat("  ", shown, "\n  ", below, "^\n");
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic, const std::string& working_dir) {
  std::string out;
  const Place& place = diagnostic.place;
  if (!place.file.empty()) {
    std::string_view file = place.file;
    if (!working_dir.empty() && file.starts_with(cat(working_dir, "/")))
      file.remove_prefix(working_dir.size() + 1);
    out = cat(file, ":");
    if (place.line > 0)
      out += cat(std::to_string(place.line), ":", std::to_string(place.column), ":");
    out += ' ';
  }
  if (diagnostic.severity == Severity::warning) out += "warning: ";
  if (!diagnostic.path.empty()) out += cat(diagnostic.path, ": ");
  out += diagnostic.message;
  if (!diagnostic.hint.empty()) out += cat("; ", diagnostic.hint);
  out += '\n';
  if (place.line > 0 && !diagnostic.source_line.empty())
    out += excerpt(diagnostic.source_line, place.column);
  return out;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

}  // namespace estiba::spec
