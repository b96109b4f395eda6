#include "compose-spec/source.hpp"

#include <algorithm>

namespace estiba::spec {

uint32_t Sources::add(std::string path, std::string text) {
  File file{std::move(path), std::move(text), {0}};
  for (size_t at = file.text.find('\n'); at != std::string::npos; at = file.text.find('\n', at + 1))
    file.line_starts.push_back(at + 1);
  files_.push_back(std::move(file));
  return static_cast<uint32_t>(files_.size());
}

Place Sources::place(Span span) const {
  if (span.source == 0) return {};
  std::string_view before = line(span).substr(0, span.column - 1);
  auto characters = std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return {path(span.source), static_cast<int>(span.line), static_cast<int>(characters) + 1};
}

std::string_view Sources::line(Span span) const {
  if (span.source == 0) return {};
  const File& file = files_[span.source - 1];
  if (span.line == 0 || span.line > file.line_starts.size()) return {};
  std::string_view rest = std::string_view(file.text).substr(file.line_starts[span.line - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

}  // namespace estiba::spec
