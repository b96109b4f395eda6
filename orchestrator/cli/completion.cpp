#include "orchestrator/cli/completion.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "compose-spec/schema/attributes.hpp"
#include "orchestrator/cli/dispatch.hpp"

namespace estiba::orchestrator {
namespace {

using Candidates = std::vector<Candidate>;
using WordSpan = std::span<const std::string>;

// A shell types what it is offered: of what a Compose file names, only what no shell takes for more
// than letters.
bool is_plain_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_.:/@%+=,").find(c) != std::string_view::npos;
  });
}

Candidates starting_with(Candidates all, const std::string& typed) {
  std::erase_if(all, [&](const Candidate& one) {
    return !one.text.starts_with(typed) || !is_plain_word(one.text);
  });
  return all;
}

Candidates plain(const std::vector<std::string>& texts) {
  Candidates out;
  for (const std::string& text : texts) out.push_back({text, ""});
  return out;
}

void add_flags(Candidates& out, std::span<const Flag> flags) {
  for (const Flag& flag : flags)
    if (!flag.help.empty()) out.push_back({cat("--", flag.name), std::string(flag.help)});
}

/// The flag that the word before leaves without its value; null if none.
const Flag* open_flag(std::span<const Flag> flags, const std::string& word) {
  for (const Flag& flag : flags) {
    bool named = word == cat("--", flag.name) ||
                 (flag.letter && word == cat("-", std::string(1, flag.letter)));
    if (named && flag.takes != Takes::nothing) return &flag;
  }
  return nullptr;
}

/// First words of commands, or the second ones of a group.
Candidates command_words(const std::string& group) {
  Candidates out;
  std::string prefix = group.empty() ? "" : group + " ";
  for (const Command* command : all_commands()) {
    if (!command->name.starts_with(prefix)) continue;
    std::string_view rest = command->name.substr(prefix.size());
    size_t blank = rest.find(' ');
    std::string word(rest.substr(0, blank));
    std::string meaning(blank == std::string_view::npos ? command->summary : "");
    bool known = std::any_of(out.begin(), out.end(), [&](auto& one) { return one.text == word; });
    if (!known) out.push_back({word, meaning});
  }
  return out;
}

const Command* command_named(const std::string& name) {
  for (const Command* command : all_commands())
    if (command->name == name) return command;
  return nullptr;
}

/// "services.web.bu" → what is below "services.web", each with its whole path.
Candidates attribute_paths(const std::string& typed, const std::vector<std::string>& services) {
  size_t dot = typed.rfind('.');
  std::string parent = dot == std::string::npos ? "" : typed.substr(0, dot);
  std::string prefix = dot == std::string::npos ? "" : typed.substr(0, dot + 1);
  Candidates out;
  for (const spec::AttributeLine& line : spec::attributes_below(parent)) {
    std::string end = line.has_members ? "." : "";
    if (line.name != "*") out.push_back({cat(prefix, line.name, end), line.what});
    if (line.name == "*" && parent == "services")
      for (const std::string& service : services) out.push_back({cat(prefix, service, end), ""});
  }
  return out;
}

class Completer {
 public:
  explicit Completer(const CompletionSource& source) : source_(source) {}

  Candidates run(WordSpan words) {
    if (words.size() > 1 && words[0] == "compose") words = words.subspan(1);
    typed_ = words.back();
    WordSpan before = words.first(words.size() - 1);
    if (!before.empty() && open_flag(global_flags(), before.back()) &&
        leading_flags(global_flags(), before) == before.size())
      return value_of(*open_flag(global_flags(), before.back()), before.first(before.size() - 1));
    size_t leading = leading_flags(global_flags(), before);
    globals_ = parse(global_flags(), Words::among_flags, before.first(leading));
    return behind_globals(before.subspan(leading));
  }

 private:
  Candidates value_of(const Flag& flag, WordSpan globals) {
    if (flag.name == "profile") {
      globals_ = parse(global_flags(), Words::among_flags, globals);
      return plain(source_.profiles(globals_));
    }
    if (flag.name == "progress") return plain({"auto", "tty", "plain", "json", "quiet"});
    if (flag.name == "ansi") return plain({"auto", "never", "always"});
    return {};
  }

  Candidates behind_globals(WordSpan before) {
    if (before.empty() && typed_.starts_with('-')) {
      Candidates out;
      add_flags(out, global_flags());
      return out;
    }
    if (before.empty()) return command_words("");
    const Command* command = command_named(before[0]);
    if (!command && before.size() == 1) return command_words(before[0]);
    if (!command) command = command_named(cat(before[0], " ", before[1]));
    return command ? of_command(*command, before) : Candidates{};
  }

  Candidates of_command(const Command& command, WordSpan before) {
    if (open_flag(command.flags, before.back())) return {};
    if (typed_.starts_with('-')) {
      Candidates out;
      add_flags(out, command.flags);
      out.push_back({"--help", "Tell more of this command"});
      return out;
    }
    if (command.name == "completion") return plain({"bash", "zsh", "fish"});
    if (command.name == "attributes")
      return attribute_paths(typed_, typed_.starts_with("services.") ? source_.services(globals_)
                                                                     : std::vector<std::string>{});
    bool takes_services = command.usage.find("SERVICE") != std::string_view::npos;
    return takes_services ? plain(source_.services(globals_)) : Candidates{};
  }

  const CompletionSource& source_;
  std::string typed_;
  Arguments globals_;
};

}  // namespace

std::vector<Candidate> complete(WordSpan words, const CompletionSource& source) {
  if (words.empty()) return {};
  try {
    return starting_with(Completer(source).run(words), words.back());
  } catch (const Error&) {
    return {};  // what is wrong is told when the command is run
  }
}

}  // namespace estiba::orchestrator
