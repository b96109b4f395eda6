// What can be wrong with a text before and while it is read as YAML, told with a way out.
#pragma once
#include <string>
#include <string_view>

#include "compose-spec/report.hpp"

namespace estiba::spec {

/// Reports bytes no YAML text may have: NUL, other control characters, what is not UTF-8.
bool check_encoding(std::string_view text, uint32_t source, Report& report);

struct Finding {
  Span span;
  std::string message;
  std::string hint;
};
/// As libyaml tells it: what was met, and what it was in the middle of.
struct SyntaxError {
  std::string problem, context;
  Span span, context_span;
};
/// The parser's terse words put into better ones by looking at the text there.
Finding explain_syntax_error(const SyntaxError& error, const Sources& sources);

}  // namespace estiba::spec
