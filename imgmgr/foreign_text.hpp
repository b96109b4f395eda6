// Text that others have written, on its way into our sentences and files. Pure.
#pragma once
#include <string>
#include <string_view>

namespace estiba::img {

/// As it may stand in a sentence on somebody's terminal: one line, without control characters, its
/// beginning if it is long.
std::string one_line(std::string_view text);

/// Whether there is a line break, a NUL or any other control character of ASCII in it.
bool has_control_characters(std::string_view text);

}  // namespace estiba::img
