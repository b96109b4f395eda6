// Help texts, generated from the tables: they cannot say what the parser does not do.
#pragma once
#include <span>
#include <string>

#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// `estiba --help`: every command and the global flags on one screen.
std::string general_help(std::span<const Command* const> commands, std::span<const Flag> globals);
/// `estiba up --help`.
std::string command_help(const Command& command);
/// `estiba image`: the commands that start with this word.
std::string group_help(std::string_view group, std::span<const Command* const> commands);

}  // namespace estiba::orchestrator
