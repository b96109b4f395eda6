// The Dockerfile's own small shell language: quotes, the escape character, and $variables with
// their modifiers (BuildKit's frontend, "Environment replacement" in the Dockerfile reference).
// Pure: a lookup function is all it knows of variables.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::img::build {

/// Nothing: the variable is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

enum class Quotes { removed, kept };
/// What an unset variable's "$NAME" becomes.
enum class Unset { empty, kept };
/// Whether quotes mean anything: not so in a heredoc's content.
enum class Quoting { shell, none };

struct WordRules {
  char escape = '\\';
  Quotes quotes = Quotes::removed;
  Unset unset = Unset::empty;
  Quoting quoting = Quoting::shell;
};

/// The whole text as one word, quotes removed and variables replaced.
std::string expand_word(std::string_view text, const Lookup& lookup, const WordRules& rules);
/// As expand_word, split at blanks outside quotes; blanks in a variable's value split too.
std::vector<std::string> expand_words(std::string_view text, const Lookup& lookup,
                                      const WordRules& rules);
/// Splits at blanks outside quotes and leaves every word as written, for ENV, LABEL, ARG.
std::vector<std::string> split_words(std::string_view text, char escape);

/// Shell patterns of ${v#pattern} and its like: "*", "?", and an escaped character. Prefix and
/// suffix as the shell has them.
enum class Match { shortest, longest };
std::string without_prefix(const std::string& value, const std::string& pattern, Match match);
std::string without_suffix(const std::string& value, const std::string& pattern, Match match);
enum class Occurrences { first, all };
std::string replaced(const std::string& value, const std::string& pattern,
                     const std::string& replacement, Occurrences which);

}  // namespace estiba::img::build
