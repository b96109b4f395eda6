#include "compose-spec/source.hpp"

#include <algorithm>

namespace estiba::spec {

namespace {

// Bytes of the line break at `at`, 0 if there is none: CR LF, CR, LF, and the three that YAML 1.1
// knows beyond ASCII (next line, line and paragraph separator).
size_t break_length(std::string_view text, size_t at) {
  if (text[at] == '\n') return 1;
  if (text[at] == '\r') return text.substr(at + 1).starts_with('\n') ? 2 : 1;
  std::string_view here = text.substr(at, 3);
  if (here.starts_with("\xC2\x85")) return 2;
  return here == "\xE2\x80\xA8" || here == "\xE2\x80\xA9" ? 3 : 0;
}

}  // namespace

uint32_t Sources::add(std::string path, std::string text) {
  File file{std::move(path), std::move(text), {0}};
  for (size_t at = 0; at < file.text.size();) {
    // Bytes beyond ASCII are negative.
    bool may_break = file.text[at] < ' ';
    size_t length = may_break ? break_length(file.text, at) : 0;
    at += std::max<size_t>(length, 1);
    if (length > 0) file.line_starts.push_back(at);
  }
  files_.push_back(std::move(file));
  return static_cast<uint32_t>(files_.size());
}

Place Sources::place(Span span) const {
  if (span.source == 0) return {};
  return {path(span.source), static_cast<int>(span.line), static_cast<int>(span.column)};
}

std::string_view Sources::line(Span span) const {
  if (span.source == 0) return {};
  const File& file = files_[span.source - 1];
  if (span.line == 0 || span.line > file.line_starts.size()) return {};
  size_t start = file.line_starts[span.line - 1];
  bool last = span.line == file.line_starts.size();
  size_t end = last ? file.text.size() : file.line_starts[span.line];
  std::string_view line = std::string_view(file.text).substr(start, end - start);
  if (last) return line;
  for (std::string_view mark : {"\r\n", "\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"})
    if (line.ends_with(mark)) return line.substr(0, line.size() - mark.size());
  return line;
}

}  // namespace estiba::spec
