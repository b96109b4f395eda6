// Dockerfile text to statements: directives, comments, continuation lines, heredocs. Knows no
// instruction's meaning beyond which may carry a heredoc.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imgmgr/build/config_instruction.hpp"

namespace estiba::img::build {

struct Heredoc {
  std::string name;     ///< without quotes
  std::string content;  ///< raw; tabs removed where "<<-" asks for it
  bool expand = true;   ///< false: the name was quoted
  bool operator==(const Heredoc&) const = default;
};

struct SourceStatement {
  int line = 0;      ///< first line, from 1
  std::string text;  ///< as written, continuation lines joined, heredocs left out
  Statement statement;
  std::vector<Heredoc> heredocs;
  std::string comment;             ///< the comment on the line above, without "#"
  std::vector<int> empty_lines{};  ///< between its continuation lines
};

struct Dockerfile {
  char escape = '\\';
  std::string check;  ///< the directive's value
  std::vector<SourceStatement> statements;
};

/// A mistake in a Dockerfile, and where.
class SyntaxError : public Error {
 public:
  SyntaxError(int line, const std::string& message) : Error(message), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

/// Throws SyntaxError.
Dockerfile parse_dockerfile(std::string_view text);

/// What `word` says of a heredoc: "<<EOF", "<<-'EOF'"; nothing if it is none.
struct HeredocStart {
  std::string name;
  bool expand = true;
  bool strip_tabs = false;
};
std::optional<HeredocStart> parse_heredoc_start(const std::string& word, char escape);

}  // namespace estiba::img::build
