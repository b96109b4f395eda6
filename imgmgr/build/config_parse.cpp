// Statements to configuration instructions, as written.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "imgmgr/build/config_instruction.hpp"

namespace estiba::img::build {
namespace {

using text::trim;
using text::upper;

constexpr std::string_view blanks = " \t\r\n";

std::vector<std::string> blank_separated(std::string_view text) {
  std::vector<std::string> out;
  size_t at = text.find_first_not_of(blanks);
  while (at != std::string_view::npos) {
    size_t end = std::min(text.find_first_of(blanks, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(blanks, end);
  }
  return out;
}

// Nothing: not a JSON list. Lists of other things than strings are a mistake, not a shell line.
std::optional<std::vector<std::string>> json_list(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  Json value = Json::parse(text, nullptr, false);
  if (!value.is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& item : value) {
    if (!item.is_string()) throw Error("the list may hold strings only");
    out.push_back(item.get<std::string>());
  }
  return out;
}

void need_rest(const Statement& statement) {
  if (statement.rest.empty()) throw Error(cat(statement.keyword, " needs an argument"));
}

std::vector<std::string> list_of(const Statement& statement) {
  need_rest(statement);
  auto list = json_list(statement.rest);
  if (list && list->empty()) throw Error(cat(statement.keyword, " needs an argument"));
  return list ? *list : blank_separated(statement.rest);
}

std::chrono::nanoseconds parse_interval(const std::string& name, const std::string& value) {
  auto duration = units::parse_duration(value);
  if (!duration) throw Error(cat("--", name, "=", value, " is not a duration such as 30s"));
  if (duration->count() < 0 || (duration->count() > 0 && *duration < std::chrono::milliseconds{1}))
    throw Error(cat("--", name, " cannot be less than 1ms"));
  return *duration;
}

void set_health_flag(ImageHealthcheck& check, const std::string& name, const std::string& value) {
  static const std::vector<std::string> names = {"interval", "timeout", "start-period",
                                                 "start-interval", "retries"};
  if (name == "retries") {
    auto retries = text::to_int(value.starts_with('+') ? value.substr(1) : value);
    if (!retries || *retries < 0) throw Error(cat("--retries=", value, " is not a count"));
    check.retries = static_cast<int>(*retries);
  } else if (name == "interval") {
    check.interval = parse_interval(name, value);
  } else if (name == "timeout") {
    check.timeout = parse_interval(name, value);
  } else if (name == "start-period") {
    check.start_period = parse_interval(name, value);
  } else if (name == "start-interval") {
    check.start_interval = parse_interval(name, value);
  } else {
    auto near = text::nearest(name, names);
    throw Error(cat("unknown flag --", name, near ? cat("; did you mean --", *near, "?") : ""));
  }
}

SetHealthcheck parse_healthcheck(const Statement& statement) {
  need_rest(statement);
  SetHealthcheck out;
  for (const auto& flag : statement.flags) {
    size_t equals = std::min(flag.find('='), flag.size());
    std::string value = equals < flag.size() ? flag.substr(equals + 1) : "";
    set_health_flag(out.check, flag.substr(2, equals - 2), value);
  }
  size_t end = std::min(statement.rest.find_first_of(blanks), statement.rest.size());
  std::string kind = upper(statement.rest.substr(0, end));
  std::string command(trim(std::string_view(statement.rest).substr(end)));
  if (kind == "NONE") {
    if (!command.empty()) throw Error("HEALTHCHECK NONE takes no arguments");
    return {};
  }
  if (kind != "CMD") throw Error(cat("HEALTHCHECK takes CMD or NONE, not ", kind));
  if (command.empty()) throw Error("HEALTHCHECK CMD needs a command");
  out.command = parse_command(command);
  const auto* list = std::get_if<ExecForm>(&*out.command);
  if (list && list->args.empty()) throw Error("HEALTHCHECK CMD needs a command");
  return out;
}

SetShell parse_shell(const Statement& statement) {
  auto list = json_list(statement.rest);
  if (!list || list->empty()) throw Error(R"(SHELL needs a JSON list such as ["/bin/sh", "-c"])");
  return {*list};
}

AddOnbuild parse_onbuild(const Statement& statement, char escape) {
  need_rest(statement);
  std::string keyword = split_statement(statement.rest, escape).keyword;
  if (keyword == "ONBUILD" || keyword == "FROM" || keyword == "MAINTAINER")
    throw Error(cat("ONBUILD cannot hold ", keyword));
  return {statement.rest};
}

std::optional<ConfigInstruction> parse_simple(const Statement& statement) {
  const auto& [keyword, flags, rest] = statement;
  if (keyword == "USER") return need_rest(statement), SetUser{rest};
  if (keyword == "WORKDIR") return need_rest(statement), SetWorkdir{rest};
  if (keyword == "STOPSIGNAL") return need_rest(statement), SetStopSignal{rest};
  if (keyword == "MAINTAINER") return need_rest(statement), SetAuthor{rest};
  if (keyword == "VOLUME") return AddVolumes{list_of(statement)};
  if (keyword == "EXPOSE") return need_rest(statement), Expose{blank_separated(rest)};
  if (keyword == "CMD") return SetCmd{parse_command(rest)};
  if (keyword == "ENTRYPOINT") return SetEntrypoint{parse_command(rest)};
  return std::nullopt;
}

}  // namespace

Statement split_statement(std::string_view line, char escape) {
  Statement out;
  line = trim(line);
  size_t end = std::min(line.find_first_of(blanks), line.size());
  out.keyword = upper(line.substr(0, end));
  std::string_view rest = trim(line.substr(end));
  while (rest.starts_with("--")) {
    auto words = split_words(rest.substr(0, rest.find_first_of('\n')), escape);
    std::string flag = words.front();
    rest = trim(rest.substr(flag.size()));
    if (flag == "--") break;
    out.flags.push_back(flag);
  }
  out.rest = rest;
  return out;
}

CommandLine parse_command(const std::string& rest) {
  if (auto list = json_list(rest)) return ExecForm{*list};
  return ShellForm{rest};
}

NameValues parse_name_values(const std::string& keyword, const std::string& rest, char escape) {
  auto words = split_words(rest, escape);
  if (words.empty()) throw Error(cat(keyword, " needs an argument"));
  NameValues out;
  if (words.front().find('=') == std::string::npos) {
    // The old form, ENV NAME the whole rest.
    std::string value(trim(std::string_view(rest).substr(words.front().size())));
    if (value.empty()) throw Error(cat(keyword, " ", words.front(), " needs a value"));
    out.emplace_back(words.front(), value);
    return out;
  }
  for (const auto& word : words) {
    size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw Error(
          cat("\"", word, "\" is not of the form NAME=value; a value with blanks needs quotes"));
    if (equals == 0) throw Error(cat("\"", word, "\" has no name before the ="));
    out.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

std::optional<ConfigInstruction> parse_config_instruction(const Statement& statement, char escape) {
  const auto& keyword = statement.keyword;
  if (keyword == "HEALTHCHECK") return parse_healthcheck(statement);
  static const std::vector<std::string> others = {"CMD",        "ENTRYPOINT", "ENV",     "EXPOSE",
                                                  "LABEL",      "MAINTAINER", "ONBUILD", "SHELL",
                                                  "STOPSIGNAL", "USER",       "VOLUME",  "WORKDIR"};
  if (std::find(others.begin(), others.end(), keyword) == others.end()) return std::nullopt;
  bool flags_are_arguments = keyword == "ONBUILD" || keyword == "CMD" || keyword == "ENTRYPOINT";
  if (!statement.flags.empty() && !flags_are_arguments)
    throw Error(cat(keyword, " has no flag ", statement.flags.front()));
  if (keyword == "ENV") return SetEnv{parse_name_values(keyword, statement.rest, escape)};
  if (keyword == "LABEL") return SetLabels{parse_name_values(keyword, statement.rest, escape)};
  if (keyword == "SHELL") return parse_shell(statement);
  if (keyword == "ONBUILD") return parse_onbuild(statement, escape);
  return parse_simple(statement);
}

}  // namespace estiba::img::build
