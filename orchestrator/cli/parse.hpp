// From words to Arguments by a table of flags. The grammar is the one that Docker Compose users
// type: --flag value, --flag=value, -fvalue, -abc, repeated flags, `--`, flags among the words.
#pragma once
#include <span>
#include <string>

#include "orchestrator/cli/arguments.hpp"
#include "orchestrator/cli/options.hpp"

namespace estiba::orchestrator {

enum class Words {
  among_flags,   ///< `stop web -t 5`: flags may follow words
  end_the_flags  ///< `exec web ls -l`: all after the first word is taken as it is
};

/// An Error (exit code 1, as Docker Compose has it) names an unknown flag and the one nearest to
/// it.
Arguments parse(std::span<const Flag> flags, Words rule, std::span<const std::string> words);

/// How many words at the front are flags and their values: `-f a.yaml up` has two.
size_t leading_flags(std::span<const Flag> flags, std::span<const std::string> words);

}  // namespace estiba::orchestrator
