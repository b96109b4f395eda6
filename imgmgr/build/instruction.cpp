#include "imgmgr/build/instruction.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "imgmgr/build/mount_flag.hpp"

namespace estiba::img::build {
namespace {

struct Flag {
  std::string name;
  std::optional<std::string> value;

  const std::string& text() const {
    if (!value) throw Error(cat("the flag --", name, " needs a value"));
    return *value;
  }
  bool boolean() const {
    if (!value || *value == "true" || *value == "1") return true;
    if (*value == "false" || *value == "0") return false;
    throw Error(cat("--", name, "=", *value, " is neither true nor false"));
  }
};

using FlagTable = std::map<std::string, std::function<void(const Flag&)>>;

bool may_be_repeated(const std::string& flag) { return flag == "mount" || flag == "exclude"; }

void take_flags(const Statement& statement, const FlagTable& table) {
  std::set<std::string> seen;
  for (const auto& written : statement.flags) {
    size_t equals = written.find('=');
    Flag flag{written.substr(2, equals == std::string::npos ? equals : equals - 2), std::nullopt};
    if (equals != std::string::npos) flag.value = written.substr(equals + 1);
    if (!seen.insert(flag.name).second && !may_be_repeated(flag.name))
      throw Error(cat("--", flag.name, " is written twice"));
    auto known = table.find(flag.name);
    if (known != table.end()) {
      known->second(flag);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [name, ignored] : table) names.push_back(name);
    auto near = text::nearest(flag.name, names);
    throw Error(
        cat("unknown flag: --", flag.name, near ? cat("; did you mean --", *near, "?") : ""));
  }
}

bool is_stage_name(const std::string& name) {
  auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
         });
}

From parse_from(const Statement& statement, char escape) {
  From out;
  take_flags(statement, {{"platform", [&](const Flag& flag) { out.platform = flag.text(); }}});
  auto words = split_words(statement.rest, escape);
  bool named = words.size() == 3 && text::lower(words[1]) == "as";
  if (words.size() != 1 && !named) throw Error("FROM needs IMAGE, or IMAGE AS NAME");
  out.image = words.front();
  if (!named) return out;
  out.name = text::lower(words[2]);
  if (!is_stage_name(out.name)) throw Error(cat("\"", words[2], "\" is not a valid stage name"));
  return out;
}

Arg parse_arg(const Statement& statement, char escape) {
  take_flags(statement, {});
  Arg out;
  for (const auto& word : split_words(statement.rest, escape)) {
    size_t equals = word.find('=');
    ArgDefault arg{word.substr(0, equals), std::nullopt};
    if (equals != std::string::npos) arg.value = word.substr(equals + 1);
    if (arg.name.empty()) throw Error(cat("\"", word, "\" has no name before the ="));
    out.args.push_back(arg);
  }
  if (out.args.empty()) throw Error("ARG needs a name");
  return out;
}

RunNetwork parse_network(const std::string& text) {
  if (text == "default") return RunNetwork::automatic;
  if (text == "none") return RunNetwork::none;
  if (text == "host") return RunNetwork::host;
  throw Error(cat("--network=", text, " is none of default, none and host"));
}

bool parse_security(const std::string& text) {
  if (text == "insecure") return true;
  if (text == "sandbox") return false;
  throw Error(cat("--security=", text, " is neither sandbox nor insecure"));
}

Run parse_run(const SourceStatement& source) {
  Run out;
  take_flags(source.statement,
             {{"mount", [&](const Flag& flag) { out.mounts.push_back(parse_mount(flag.text())); }},
              {"network", [&](const Flag& flag) { out.network = parse_network(flag.text()); }},
              {"security", [&](const Flag& flag) { out.insecure = parse_security(flag.text()); }}});
  out.command = parse_command(source.statement.rest);
  out.heredocs = source.heredocs;
  return out;
}

FlagTable copy_flags(Copy& out) {
  FlagTable table = {
      {"chown", [&](const Flag& flag) { out.chown = flag.text(); }},
      {"chmod", [&](const Flag& flag) { out.chmod = flag.text(); }},
      {"link", [&](const Flag& flag) { out.link = flag.boolean(); }},
      {"exclude", [&](const Flag& flag) { out.excludes.push_back(flag.text()); }},
  };
  if (out.is_add) {
    table["checksum"] = [&](const Flag& flag) { out.checksum = flag.text(); };
    table["keep-git-dir"] = [&](const Flag& flag) {
      out.git_dir = flag.boolean() ? GitFetch::GitDir::kept : GitFetch::GitDir::removed;
    };
    table["unpack"] = [&](const Flag& flag) {
      out.unpack = flag.boolean() ? Unpack::archives : Unpack::never;
    };
  } else {
    table["from"] = [&](const Flag& flag) { out.from = flag.text(); };
    table["parents"] = [&](const Flag& flag) { out.parents = flag.boolean(); };
  }
  return table;
}

// Blanks separate; the JSON form is for names with blanks. Quotes mean nothing here but in
// variables' values, as everywhere.
std::vector<std::string> copy_words(const std::string& rest) {
  CommandLine parsed = parse_command(rest);
  if (const auto* list = std::get_if<ExecForm>(&parsed)) return list->args;
  std::vector<std::string> out;
  constexpr std::string_view blanks = " \t";
  size_t at = rest.find_first_not_of(blanks);
  while (at != std::string::npos) {
    size_t end = std::min(rest.find_first_of(blanks, at), rest.size());
    out.push_back(rest.substr(at, end - at));
    at = rest.find_first_not_of(blanks, end);
  }
  return out;
}

Copy parse_copy(const SourceStatement& source, char escape) {
  const Statement& statement = source.statement;
  Copy out;
  out.is_add = statement.keyword == "ADD";
  if (out.is_add) out.unpack = Unpack::archives;
  take_flags(statement, copy_flags(out));
  auto words = copy_words(statement.rest);
  if (words.size() < 2)
    throw Error(cat(statement.keyword, " needs at least one source, and a destination"));
  out.target = words.back();
  words.pop_back();
  out.heredocs = source.heredocs;
  for (const auto& heredoc : out.heredocs)
    if (heredoc.name.find('/') != std::string::npos)
      throw Error(cat("\"", heredoc.name, "\" becomes a file's name, and cannot have a / in it"));
  for (const auto& word : words)
    if (!parse_heredoc_start(word, escape)) out.sources.push_back(word);
  return out;
}

[[noreturn]] void unknown_instruction(const std::string& keyword) {
  static const std::vector<std::string> known = {
      "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
      "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
      "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};
  auto near = text::nearest(keyword, known);
  throw Error(
      cat("unknown instruction: ", keyword, near ? cat("; did you mean ", *near, "?") : ""));
}

Instruction parse_any(const SourceStatement& source, char escape) {
  const Statement& statement = source.statement;
  const std::string& keyword = statement.keyword;
  if (keyword == "FROM") return parse_from(statement, escape);
  if (keyword == "ARG") return parse_arg(statement, escape);
  if (keyword == "RUN") return parse_run(source);
  if (keyword == "COPY" || keyword == "ADD") return parse_copy(source, escape);
  if (auto config = parse_config_instruction(statement, escape)) {
    if (auto* onbuild = std::get_if<AddOnbuild>(&*config))
      for (const auto& heredoc : source.heredocs)
        onbuild->instruction += cat("\n", heredoc.content, heredoc.name);
    return *config;
  }
  unknown_instruction(keyword);
}

}  // namespace

Instruction parse_instruction(const SourceStatement& source, char escape) {
  try {
    return parse_any(source, escape);
  } catch (const SyntaxError&) {
    throw;
  } catch (const Error& error) {
    throw SyntaxError(source.line, error.message());
  }
}

}  // namespace estiba::img::build
