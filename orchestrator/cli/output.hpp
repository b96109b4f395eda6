// The two streams: data on standard output, words about it on standard error.
#pragma once
#include <string_view>

namespace estiba::orchestrator {

/// Writes all to standard output at once; ends the process quietly if nobody reads it any more.
void print(std::string_view text);
/// The same to standard error, where a failure is nobody's business.
void print_aside(std::string_view text);
void print_warning(std::string_view sentence);

enum class ErrorForm { text, json };
void print_error(std::string_view sentence, ErrorForm form);

}  // namespace estiba::orchestrator
