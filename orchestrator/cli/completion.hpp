// What may be typed next. It reads the same tables of commands and flags as the parser and the
// help, and the schema of Compose files; shells only show what it says.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

struct Candidate {
  std::string text;
  std::string meaning;  ///< one line; perhaps empty
  bool operator==(const Candidate&) const = default;
};

/// What of the project can be completed; asked only when it is needed.
struct CompletionSource {
  std::function<std::vector<std::string>(const Arguments&globals)> services, profiles;
};

/// `words`: behind the program's name, the last one being typed (empty: about to begin). Nothing:
/// the shell may offer files.
std::vector<Candidate> complete(std::span<const std::string> words, const CompletionSource& source);

}  // namespace estiba::orchestrator
