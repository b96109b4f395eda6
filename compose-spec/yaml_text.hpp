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
/// The parser's terse message at a span, put into words by looking at the text there.
Finding explain_syntax_error(std::string_view message, Span span, const Sources& sources);

}  // namespace estiba::spec
