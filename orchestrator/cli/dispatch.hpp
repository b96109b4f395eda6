// From argv to a command, and from what it throws to the last line and the exit code.
#pragma once
#include <span>
#include <string>

#include "orchestrator/cli/options.hpp"

namespace estiba::orchestrator {

/// The flags before the verb.
std::span<const Flag> global_flags();

/// Runs what `words` (argv without the program) say; the exit code of the process.
int dispatch(std::span<const std::string> words);

}  // namespace estiba::orchestrator
