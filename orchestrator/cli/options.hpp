// What a command's flags are, as data: parsing, help and completion read the same tables. The
// tables are constexpr: nothing of them runs before main.
#pragma once
#include <string_view>

namespace estiba::orchestrator {

enum class Takes { nothing, value, list };

struct Flag {
  char letter = 0;        ///< 0: there is only the long form
  std::string_view name;  ///< without the dashes
  Takes takes = Takes::nothing;
  std::string_view value;  ///< what the help calls its value: "SECONDS"
  std::string_view help;   ///< empty: accepted, but not worth a line of the help
};

}  // namespace estiba::orchestrator
