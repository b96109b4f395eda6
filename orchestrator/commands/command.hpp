// What a verb is to the command line: its words and flags as data, and the function behind it.
// Each file of this folder defines one `extern const Command`; commands/all.cpp lists them.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "orchestrator/cli/arguments.hpp"
#include "orchestrator/cli/options.hpp"
#include "orchestrator/cli/parse.hpp"
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

struct Command;

/// One call of the program: what was typed, and where state lives.
struct Invocation {
  const Command& command;
  Arguments globals;  ///< before the verb: -f, -p, --profile, ...
  Arguments arguments;
  Paths paths;

  const std::vector<std::string>& words() const { return arguments.words; }
  /// --dry-run is accepted before and after the verb.
  bool dry_run() const { return globals.on("dry-run") || arguments.on("dry-run"); }
};

enum class Section { compose, host };
enum class Privilege { root, none };

struct Command {
  std::string_view name;     ///< "up", "image import"
  std::string_view usage;    ///< "[OPTIONS] [SERVICE...]"
  std::string_view summary;  ///< one line
  std::span<const Flag> flags = {};
  size_t min_words = 0;
  size_t max_words = static_cast<size_t>(-1);
  Words words = Words::among_flags;
  Section section = Section::compose;
  Privilege privilege = Privilege::root;
  int (*run)(const Invocation& invocation) = nullptr;
};

/// Every command, in the order of the help.
std::span<const Command* const> all_commands();

}  // namespace estiba::orchestrator
