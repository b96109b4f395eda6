// The files of one load: their text is kept so that any value can be shown where it was written.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::spec {

/// Where a value starts: line and column (in characters) count from 1; source 0 means: not from a
/// file.
struct Span {
  uint32_t source = 0;
  uint32_t line = 0;
  uint32_t column = 0;
};

class Sources {
 public:
  /// Returns the id for Span::source.
  uint32_t add(std::string path, std::string text);
  /// The id of the file that was added last.
  uint32_t size() const { return static_cast<uint32_t>(files_.size()); }
  const std::string& path(uint32_t source) const { return files_[source - 1].path; }
  const std::string& text(uint32_t source) const { return files_[source - 1].text; }
  Place place(Span span) const;
  /// The line of text that the span is in, without its end.
  std::string_view line(Span span) const;

 private:
  struct File {
    std::string path;
    std::string text;
    std::vector<size_t> line_starts;
  };
  std::vector<File> files_;
};

}  // namespace estiba::spec
