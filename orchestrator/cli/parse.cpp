// The only file that sees cxxopts. What cxxopts cannot do is done in front of it: where the flags
// end when a command of the user's follows, and `-f=value`.
#include "orchestrator/cli/parse.hpp"

#define CXXOPTS_NO_REGEX
// No argument holds a NUL byte, so a list's value is never cut into pieces.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {
namespace {

const Flag* find_long(std::span<const Flag> flags, std::string_view name) {
  for (const Flag& flag : flags)
    if (flag.name == name) return &flag;
  return nullptr;
}

const Flag* find_short(std::span<const Flag> flags, char letter) {
  for (const Flag& flag : flags)
    if (flag.letter == letter) return &flag;
  return nullptr;
}

bool looks_like_flag(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

/// Whether the word's flag takes the next word as its value. Throws for an unknown flag.
bool wants_next(std::span<const Flag> flags, std::string_view word) {
  if (word.starts_with("--")) {
    if (word.find('=') != word.npos) return false;
    const Flag* flag = find_long(flags, word.substr(2));
    return flag && flag->takes != Takes::nothing;
  }
  for (size_t i = 1; i < word.size(); ++i) {
    const Flag* flag = find_short(flags, word[i]);
    if (!flag) return false;
    if (flag->takes != Takes::nothing) return i + 1 == word.size();
  }
  return false;
}

[[noreturn]] void refuse_unknown(std::span<const Flag> flags, std::string_view word) {
  if (!word.starts_with("--")) {
    char letter = word[1];
    for (char each : word.substr(1))
      if (!find_short(flags, each)) {
        letter = each;
        break;
      }
    throw Error(cat("unknown shorthand flag: '", std::string(1, letter), "' in ", word));
  }
  std::string name(word.substr(2, word.find('=') == word.npos ? word.npos : word.find('=') - 2));
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.emplace_back(flag.name);
  auto near = text::nearest(name, names);
  throw Error(cat("unknown flag: --", name, near ? cat("; did you mean --", *near, "?") : ""));
}

/// `-f=value` becomes `-fvalue`, an unknown flag is refused before cxxopts sees it.
std::string checked(std::span<const Flag> flags, const std::string& word) {
  if (word.starts_with("--")) {
    std::string_view name = std::string_view(word).substr(2, word.find('=', 2) - 2);
    if (!find_long(flags, name)) refuse_unknown(flags, word);
    return word;
  }
  for (size_t i = 1; i < word.size(); ++i) {
    const Flag* flag = find_short(flags, word[i]);
    if (!flag) refuse_unknown(flags, word);
    if (flag->takes == Takes::nothing) continue;
    bool equals = i + 1 < word.size() && word[i + 1] == '=';
    return equals ? word.substr(0, i + 1) + word.substr(i + 2) : word;
  }
  return word;
}

struct Split {
  std::vector<std::string> flags;  ///< flags and their values
  std::vector<std::string> words;
};

Split split(std::span<const Flag> flags, Words rule, std::span<const std::string> all) {
  Split out;
  size_t i = 0;
  for (; i < all.size(); ++i) {
    if (all[i] == "--") {
      ++i;
      break;
    }
    if (!looks_like_flag(all[i])) {
      if (rule == Words::end_the_flags) break;
      out.words.push_back(all[i]);
      continue;
    }
    out.flags.push_back(checked(flags, all[i]));
    if (!wants_next(flags, all[i])) continue;
    if (++i == all.size()) throw Error(cat("flag needs an argument: ", all[i - 1]));
    out.flags.push_back(all[i]);
  }
  for (; i < all.size(); ++i) out.words.push_back(all[i]);
  return out;
}

cxxopts::Options options_of(std::span<const Flag> flags) {
  cxxopts::Options options("estiba");
  auto add = options.add_options();
  for (const Flag& flag : flags) {
    std::string name =
        flag.letter ? cat(std::string(1, flag.letter), ",", flag.name) : std::string(flag.name);
    if (flag.takes == Takes::nothing)
      add(name, "", cxxopts::value<std::vector<std::string>>()->implicit_value("true"));
    else
      add(name, "", cxxopts::value<std::vector<std::string>>());
  }
  return options;
}

}  // namespace

size_t leading_flags(std::span<const Flag> flags, std::span<const std::string> words) {
  size_t i = 0;
  while (i < words.size() && looks_like_flag(words[i]) && words[i] != "--")
    i += wants_next(flags, words[i]) ? 2 : 1;
  return std::min(i, words.size());
}

Arguments parse(std::span<const Flag> flags, Words rule, std::span<const std::string> words) {
  Split parts = split(flags, rule, words);
  std::vector<const char*> argv{"estiba"};
  for (const std::string& word : parts.flags) argv.push_back(word.c_str());
  Arguments out;
  out.words = std::move(parts.words);
  if (argv.size() == 1) return out;
  try {
    cxxopts::Options options = options_of(flags);
    auto result = options.parse(static_cast<int>(argv.size()), argv.data());
    for (const auto& pair : result.arguments()) out.add(pair.key(), pair.value());
  } catch (const cxxopts::exceptions::exception& error) {
    throw Error(error.what());
  }
  return out;
}

}  // namespace estiba::orchestrator
