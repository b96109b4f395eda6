// Foreign text made fit for a terminal: what would steer it, or turn words around, is shown as an
// escape instead of being obeyed. Whatever comes from a container, an image, an archive, a registry
// or a Compose file is foreign.
#pragma once
#include <string>
#include <string_view>

namespace estiba {

enum class LineEnds {
  kept,    ///< a text of several lines, with its tabs
  escaped  ///< one line, or a cell of a table
};

/// Control characters (C0, DEL, C1), directions of writing and what is not UTF-8 become \x1b,
/// \u202e and the like; all else stays as it is. Above ASCII the escapes are JSON's own, so a JSON
/// text stays one with the same meaning.
std::string visible(std::string_view text, LineEnds line_ends = LineEnds::kept);

/// What becomes of the colours (SGR) in a program's output: obeyed, and ended with the text; or
/// left out.
enum class Colours { kept, dropped };

/// The same for a program's output, several lines or one.
std::string visible_output(std::string_view text, Colours colours);

}  // namespace estiba
