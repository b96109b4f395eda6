// The two streams: data on standard output, words about it on standard error. This is the one place
// through which foreign text reaches a terminal, and it is made visible here (base/visible.hpp),
// whether the stream is a terminal or not: what is read in a file is what was shown.
#pragma once
#include <string_view>

namespace estiba::orchestrator {

/// Writes all to standard output at once; ends the process quietly if nobody reads it any more.
void print(std::string_view text);
/// The same to standard error, where a failure is nobody's business.
void print_aside(std::string_view text);
/// As they are: a container's own output, and control sequences of ours around what has been made
/// visible before.
void print_raw(std::string_view bytes);
void print_raw_aside(std::string_view bytes);
void print_warning(std::string_view sentence);

enum class ErrorForm { text, json };
void print_error(std::string_view sentence, ErrorForm form);

}  // namespace estiba::orchestrator
