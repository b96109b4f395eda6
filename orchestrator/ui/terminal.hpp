// What the terminal is and can: whether there is one, its size, colours, how wide a text is.
#pragma once
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace estiba::orchestrator::ui {

bool is_terminal(FdRef fd);

struct Size {
  int columns = 80;
  int rows = 24;
};
/// 80 × 24 where it is unknown.
Size terminal_size(FdRef fd);

/// Whether to colour: `wanted` is auto, always or never; auto heeds NO_COLOR, CLICOLOR_FORCE, TERM.
bool colours_for(FdRef fd, std::string_view wanted);

/// Columns of a text in UTF-8: one a character, none for what follows as a combining byte.
size_t display_width(std::string_view text);
/// At most `columns` of it; a cut text ends in "…".
std::string shortened(std::string_view text, size_t columns);

}  // namespace estiba::orchestrator::ui
