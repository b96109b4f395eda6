#include "orchestrator/cli/help.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t width = 100;

std::string padded(std::string text, size_t columns) {
  if (text.size() < columns) text.append(columns - text.size(), ' ');
  return text;
}

std::string flag_head(const Flag& flag) {
  std::string head = flag.letter ? cat("-", std::string(1, flag.letter), ", ") : "    ";
  head += cat("--", flag.name);
  if (!flag.value.empty()) head += cat(" ", flag.value);
  return head;
}

/// "  -t, --timeout SECONDS   Seconds to ...", one line a flag.
std::string flag_lines(std::span<const Flag> flags) {
  size_t longest = 0;
  for (const Flag& flag : flags)
    if (!flag.help.empty()) longest = std::max(longest, flag_head(flag).size());
  std::string out;
  for (const Flag& flag : flags)
    if (!flag.help.empty()) out += cat("  ", padded(flag_head(flag), longest + 2), flag.help, "\n");
  return out;
}

/// The first word of each command of a section, once: "image" stands for all its commands.
std::vector<std::string> names_of(std::span<const Command* const> commands, Section section) {
  std::vector<std::string> names;
  for (const Command* command : commands) {
    std::string name(command->name.substr(0, command->name.find(' ')));
    bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (command->section == section && !known) names.push_back(name);
  }
  return names;
}

std::string wrapped(const std::vector<std::string>& words) {
  std::string out, line = " ";
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = " ";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

}  // namespace

std::string general_help(std::span<const Command* const> commands, std::span<const Flag> globals) {
  std::string out =
      "Usage: estiba [OPTIONS] COMMAND [ARGS]   (estiba compose ... is the same)\n\n"
      "Runs Compose projects on this host. The commands you need most:\n";
  for (const Command* command : commands) {
    bool common = command->name == "up" || command->name == "down" || command->name == "ps" ||
                  command->name == "logs" || command->name == "exec" || command->name == "config";
    if (common) out += cat("  ", padded(std::string(command->name), 9), command->summary, "\n");
  }
  out += "\nProject commands, as Docker Compose has them:\n" +
         wrapped(names_of(commands, Section::compose));
  out += "Host commands:\n" + wrapped(names_of(commands, Section::host));
  out += "\nOptions:\n" + flag_lines(globals);
  out += "\n\"estiba COMMAND --help\" tells more of one command.\n";
  return out;
}

std::string command_help(const Command& command) {
  std::string out = cat("Usage: estiba ", command.name, command.usage.empty() ? "" : " ",
                        command.usage, "\n\n", command.summary, "\n");
  std::string flags = flag_lines(command.flags);
  if (!flags.empty()) out += "\nOptions:\n" + flags;
  return out;
}

std::string group_help(std::string_view group, std::span<const Command* const> commands) {
  std::string out = cat("Usage: estiba ", group, " COMMAND\n\nCommands:\n");
  for (const Command* command : commands) {
    if (!command->name.starts_with(cat(group, " "))) continue;
    std::string head = cat(command->name, " ", command->usage);
    out += cat("  ", padded(head, 46), command->summary, "\n");
  }
  return out;
}

}  // namespace estiba::orchestrator
