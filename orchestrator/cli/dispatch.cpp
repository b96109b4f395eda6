#include "orchestrator/cli/dispatch.hpp"

#include <unistd.h>

#include <exception>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/help.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag globals[] = {
    {'f', "file", Takes::list, "FILE", "Compose file; may be repeated, - is standard input"},
    {'p', "project-name", Takes::value, "NAME", "Project name"},
    {0, "profile", Takes::list, "PROFILE", "Enable a profile; may be repeated, \"*\" means all"},
    {0, "env-file", Takes::list, "FILE", "Variables for the Compose file, instead of .env"},
    {0, "project-directory", Takes::value, "DIR", "Where relative paths start"},
    {0, "progress", Takes::value, "KIND", "auto, tty, plain, json or quiet"},
    {0, "ansi", Takes::value, "WHEN", "Colours: auto, never or always"},
    {0, "dry-run", Takes::nothing, "", "Show what would be done, and why"},
    {0, "parallel", Takes::value, "N", ""},
    {0, "compatibility", Takes::nothing, "", ""},
    {0, "all-resources", Takes::nothing, "", "Include networks and volumes that no service uses"},
    {0, "verbose", Takes::nothing, "", ""},
    {'D', "debug", Takes::nothing, "", ""},
    {'v', "version", Takes::nothing, "", "Print the version"},
    {'h', "help", Takes::nothing, "", ""},
};

constexpr Flag common[] = {
    {'h', "help", Takes::nothing, "", ""},
    {0, "dry-run", Takes::nothing, "", ""},
};

const Command* find_command(std::string_view name) {
  for (const Command* command : all_commands())
    if (command->name == name) return command;
  return nullptr;
}

bool is_group(std::string_view word) {
  for (const Command* command : all_commands())
    if (command->name.starts_with(cat(word, " "))) return true;
  return false;
}

[[noreturn]] void refuse_unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const Command* command : all_commands()) names.emplace_back(command->name);
  auto near = text::nearest(word, names);
  throw Error(cat("unknown command \"", word, "\"; ",
                  near ? cat("did you mean \"", *near, "\"?") : "\"estiba --help\" lists them"));
}

void check_word_count(const Command& command, size_t count) {
  if (count < command.min_words)
    throw Error(cat("\"estiba ", command.name, "\" needs at least ",
                    std::to_string(command.min_words), " argument",
                    command.min_words == 1 ? "" : "s", ": estiba ", command.name, " ",
                    command.usage));
  if (count > command.max_words)
    throw Error(cat("\"estiba ", command.name, "\" takes at most ",
                    std::to_string(command.max_words), " argument",
                    command.max_words == 1 ? "" : "s", ": estiba ", command.name, " ",
                    command.usage));
}

void check_privilege(const Command& command) {
  if (command.privilege == Privilege::root && ::geteuid() != 0)
    throw Error("estiba must be run as root: it makes namespaces, cgroups and mounts; try sudo");
}

int run_command(const Command& command, Arguments before, std::span<const std::string> words) {
  std::vector<Flag> flags(command.flags.begin(), command.flags.end());
  for (const Flag& flag : common) {
    // `-h` belongs to the command where it has one of its own.
    bool taken = false;
    for (const Flag& own : command.flags) taken = taken || own.name == flag.name;
    if (!taken) flags.push_back(flag);
  }
  Arguments arguments = parse(flags, command.words, words);
  if (arguments.on("help")) {
    print(command_help(command));
    return 0;
  }
  check_privilege(command);
  check_word_count(command, arguments.words.size());
  Invocation invocation{command, std::move(before), std::move(arguments),
                        Paths::from_environment()};
  return command.run(invocation);
}

/// The command that the words begin with; "image ls" is two words.
struct Verb {
  const Command* command = nullptr;
  std::string name;
  size_t words = 1;
};

Verb verb_of(std::span<const std::string> words) {
  Verb verb;
  verb.name = words[0];
  if (is_group(verb.name) && words.size() > 1 && !words[1].starts_with('-')) {
    verb.name = cat(words[0], " ", words[1]);
    verb.words = 2;
  }
  verb.command = find_command(verb.name);
  return verb;
}

int run_verb(Arguments before, std::span<const std::string> words) {
  bool help = before.on("help") || words[0] == "help";
  if (words[0] == "help") words = words.subspan(1);
  Verb verb = verb_of(words);
  if (!verb.command && verb.words == 1 && is_group(verb.name)) {
    print(group_help(verb.name, all_commands()));
    return 0;
  }
  if (!verb.command) refuse_unknown_command(verb.name);
  if (help) {
    print(command_help(*verb.command));
    return 0;
  }
  return run_command(*verb.command, std::move(before), words.subspan(verb.words));
}

int run_words(std::span<const std::string> words) {
  // `estiba compose -f x up` has its flags behind the word.
  if (!words.empty() && words[0] == "compose") words = words.subspan(1);
  size_t leading = leading_flags(globals, words);
  Arguments before = parse(globals, Words::among_flags, words.first(leading));
  words = words.subspan(leading);
  if (before.on("version")) return run_command(*find_command("version"), std::move(before), {});
  if (words.empty() || (words.size() == 1 && words[0] == "help")) {
    print(general_help(all_commands(), globals));
    return 0;
  }
  return run_verb(std::move(before), words);
}

bool wants_json(std::span<const std::string> words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == "--progress=json" ||
        (words[i] == "--progress" && i + 1 < words.size() && words[i + 1] == "json"))
      return true;
  return false;
}

}  // namespace

std::span<const Flag> global_flags() { return globals; }

int dispatch(std::span<const std::string> words) {
  try {
    return run_words(words);
  } catch (const Error& error) {
    print_error(error.message(), wants_json(words) ? ErrorForm::json : ErrorForm::text);
    return error.exit_code();
  } catch (const std::exception& error) {
    print_error(cat("internal error: ", error.what()), ErrorForm::text);
    return 1;
  }
}

}  // namespace estiba::orchestrator
