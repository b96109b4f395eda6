// The instructions that change an image's configuration and run nothing: CMD, ENTRYPOINT, ENV,
// EXPOSE, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME and WORKDIR.
// Three pure steps: parse as written, expand variables, apply to a configuration.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "imgmgr/build/words.hpp"
#include "imgmgr/images.hpp"

namespace estiba::img::build {

/// One instruction as it stands in the file, continuation lines joined.
struct Statement {
  std::string keyword;             ///< upper case
  std::vector<std::string> flags;  ///< "--name" or "--name=value"
  std::string rest;                ///< what follows the flags, trimmed
};

/// Splits a logical line; flags are taken off whatever the keyword.
Statement split_statement(std::string_view line, char escape);

/// ["exec", "form"], or a line for the shell.
struct ExecForm {
  std::vector<std::string> args;
};
struct ShellForm {
  std::string line;
};
using CommandLine = std::variant<ExecForm, ShellForm>;
/// A JSON list of strings is the exec form; anything else, even bad JSON, a line for the shell.
CommandLine parse_command(const std::string& rest);
std::vector<std::string> to_argv(const CommandLine& command, const std::vector<std::string>& shell);

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct SetCmd {
  CommandLine command;
};
struct SetEntrypoint {
  CommandLine command;
};
struct SetEnv {
  NameValues values;
};
struct SetLabels {
  NameValues values;
};
struct Expose {
  std::vector<std::string> ports;
};
struct AddVolumes {
  std::vector<std::string> paths;
};
struct SetUser {
  std::string user;
};
struct SetWorkdir {
  std::string path;
};
struct SetStopSignal {
  std::string signal;
};
struct SetShell {
  std::vector<std::string> shell;
};
struct SetHealthcheck {
  ImageHealthcheck check;              ///< without its test
  std::optional<CommandLine> command;  ///< nothing: NONE
};
struct AddOnbuild {
  std::string instruction;
};
struct SetAuthor {
  std::string author;
};

using ConfigInstruction =
    std::variant<SetCmd, SetEntrypoint, SetEnv, SetLabels, Expose, AddVolumes, SetUser, SetWorkdir,
                 SetStopSignal, SetShell, SetHealthcheck, AddOnbuild, SetAuthor>;

/// Nothing: the keyword is not one of these. An Error says what is wrong with the arguments.
std::optional<ConfigInstruction> parse_config_instruction(const Statement& statement, char escape);

/// Replaces variables where the Dockerfile reference says so.
ConfigInstruction expand(const ConfigInstruction& instruction, const Lookup& lookup,
                         const WordRules& rules);

/// ENTRYPOINT drops an inherited CMD, but not one set in the same stage.
enum class CmdOrigin { inherited, own };
void apply(const ConfigInstruction& instruction, ImageConfig& config, CmdOrigin& cmd);

/// NAME=value pairs of ENV, LABEL and ARG: quotes as written.
NameValues parse_name_values(const std::string& keyword, const std::string& rest, char escape);
void set_variable(std::vector<std::string>& env, const std::string& name, const std::string& value);
std::optional<std::string> variable(const std::vector<std::string>& env, const std::string& name);

}  // namespace estiba::img::build
