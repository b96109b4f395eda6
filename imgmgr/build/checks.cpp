#include "imgmgr/build/checks.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/build/check_variables.hpp"
#include "imgmgr/build/remote_source.hpp"

namespace estiba::img::build {
namespace {

bool is_lower(const std::string& word) { return text::lower(word) == word; }
bool is_upper(const std::string& word) { return text::upper(word) == word; }

std::string word_at(const std::string& line, size_t index) {
  auto words = split_words(line, '\\');
  return index < words.size() ? words[index] : "";
}

/// The checks of statements as they stand in the file.
class StatementChecks {
 public:
  StatementChecks(const Dockerfile& file, std::vector<Finding>& out) : file_(file), out_(out) {}

  void run() {
    check_casing();
    std::set<std::string> stages;
    bool in_stage = false;
    for (const auto& source : file_.statements) {
      for (int line : source.empty_lines)
        out_.push_back({"NoEmptyContinuation", line, "Empty continuation line"});
      const std::string& keyword = source.statement.keyword;
      in_stage = in_stage || keyword == "FROM";
      if (keyword == "FROM") check_from(source, stages);
      if (keyword == "ARG" && !in_stage)
        describes(source, word_at(source.statement.rest, 0), "ARG");
      if (keyword == "MAINTAINER")
        add(source, "MaintainerDeprecated",
            "Maintainer instruction is deprecated in favor of using label");
      if (keyword == "ENV" || keyword == "LABEL") check_form(source);
    }
  }

 private:
  void add(const SourceStatement& source, const char* rule, const std::string& message) {
    out_.push_back({rule, source.line, message});
  }

  static std::string written_keyword(const SourceStatement& source) {
    return word_at(source.text, 0);
  }

  // The majority counts only words that are of one case themselves.
  void check_casing() {
    bool in_stage = false;
    int lower = 0, upper = 0;
    std::vector<const SourceStatement*> counted;
    for (const auto& source : file_.statements) {
      in_stage = in_stage || source.statement.keyword == "FROM";
      if (!in_stage) continue;
      std::string keyword = written_keyword(source);
      counted.push_back(&source);
      if (is_lower(keyword)) {
        ++lower;
      } else if (is_upper(keyword)) {
        ++upper;
      }
    }
    bool to_lower = lower > upper;
    for (const auto* source : counted) {
      std::string keyword = written_keyword(*source);
      if (to_lower ? is_lower(keyword) : is_upper(keyword)) continue;
      add(*source, "ConsistentInstructionCasing",
          cat("Command '", keyword, "' should match the case of the command majority (",
              to_lower ? "lowercase" : "uppercase", ")"));
    }
  }

  void check_from(const SourceStatement& source, std::set<std::string>& stages) {
    auto words = split_words(source.statement.rest, file_.escape);
    if (words.size() != 3) return;
    std::string from = written_keyword(source);
    const std::string& as = words[1];
    const std::string& name = words[2];
    if ((is_lower(from) && !is_lower(as)) || (is_upper(from) && !is_upper(as)))
      add(source, "FromAsCasing", cat("'", as, "' and '", from, "' keywords' casing do not match"));
    if (!is_lower(name))
      add(source, "StageNameCasing", cat("Stage name '", name, "' should be lowercase"));
    for (const char* reserved : {"scratch", "context"})
      if (text::lower(name) == reserved)
        add(source, "ReservedStageName",
            cat("Stage name should not use the same name as reserved stage \"", reserved, "\""));
    if (!stages.insert(text::lower(name)).second)
      add(source, "DuplicateStageName",
          cat("Duplicate stage name \"", text::lower(name), "\", stage names should be unique"));
    describes(source, name, "FROM");
  }

  // A comment right above is taken for a description, which begins with what it describes.
  void describes(const SourceStatement& source, const std::string& what, const char* kind) {
    std::string name = what.substr(0, what.find('='));
    if (source.comment.empty() || source.comment.starts_with(cat(name, " ")) ||
        source.comment.starts_with("check=") || source.comment.starts_with("syntax="))
      return;
    add(source, "InvalidDefinitionDescription",
        cat("Comment for ", kind, " should follow the format: `# ", name, " <description>`"));
  }

  void check_form(const SourceStatement& source) {
    const std::string& keyword = source.statement.keyword;
    if (word_at(source.statement.rest, 0).find('=') == std::string::npos)
      add(source, "LegacyKeyValueFormat",
          cat("\"", keyword, " key=value\" should be used instead of legacy \"", keyword,
              " key value\" format"));
  }

  const Dockerfile& file_;
  std::vector<Finding>& out_;
};

/// The checks of one stage's steps, in their order.
class StageChecks {
 public:
  StageChecks(const CheckContext& context, std::vector<Finding>& out)
      : context_(context), out_(out) {}

  void run(const Stage& stage) {
    for (const auto& step : stage.steps) {
      if (const auto* config = std::get_if<ConfigInstruction>(&step.instruction)) {
        std::visit([&](const auto& one) { check(one, step); }, *config);
      } else if (const auto* arg = std::get_if<Arg>(&step.instruction)) {
        for (const auto& one : arg->args) check_secret("ARG", one.name, step);
      } else if (const auto* copy = std::get_if<Copy>(&step.instruction)) {
        check_ignored(*copy, step);
      }
    }
    for (const auto& [kind, last] : shell_forms_)
      if (last && !own_shell_)
        add(*last, "JSONArgsRecommended",
            cat("JSON arguments recommended for ", kind,
                " to prevent unintended behavior related to OS signals"));
  }

 private:
  void add(const Step& step, const char* rule, const std::string& message) {
    out_.push_back({rule, step.line, message});
  }

  void check_secret(const char* kind, const std::string& name, const Step& step) {
    static const std::set<std::string> telling = {"apikey", "auth",   "credential", "credentials",
                                                  "key",    "passwd", "password",   "pword",
                                                  "secret", "token"};
    auto parts = text::split(text::lower(name), '_');
    bool tells = std::any_of(parts.begin(), parts.end(),
                             [](const std::string& part) { return telling.contains(part); });
    bool is_public = std::find(parts.begin(), parts.end(), "public") != parts.end();
    if (tells && !is_public)
      add(step, "SecretsUsedInArgOrEnv",
          cat("Do not use ARG or ENV instructions for sensitive data (", kind, " \"", name, "\")"));
  }

  // Only the last one counts: the one before is told of.
  void once(const char* kind, const Step& step) {
    const Step*& previous = used_[kind];
    if (previous)
      add(*previous, "MultipleInstructionsDisallowed",
          cat("Multiple ", kind,
              " instructions should not be used in the same stage because only the last one will "
              "be used"));
    previous = &step;
  }

  void command(const char* kind, const CommandLine& line, const Step& step) {
    once(kind, step);
    shell_forms_[kind] = std::holds_alternative<ShellForm>(line) ? &step : nullptr;
  }

  void check(const SetCmd& set, const Step& step) { command("CMD", set.command, step); }
  void check(const SetEntrypoint& set, const Step& step) {
    command("ENTRYPOINT", set.command, step);
  }
  void check(const SetHealthcheck&, const Step& step) { once("HEALTHCHECK", step); }
  void check(const SetShell&, const Step&) { own_shell_ = true; }
  void check(const SetEnv& set, const Step& step) {
    for (const auto& [name, value] : set.values) check_secret("ENV", name, step);
  }
  void check(const SetWorkdir& set, const Step& step) {
    bool absolute = set.path.starts_with('/') || set.path.starts_with('$');
    if (!absolute && !absolute_workdir_)
      add(step, "WorkdirRelativePath",
          cat("Relative workdir \"", set.path,
              "\" can have unexpected results if the base image changes"));
    absolute_workdir_ = absolute_workdir_ || absolute;
  }
  void check(const Expose& expose, const Step& step) {
    for (const auto& port : expose.ports) {
      if (port.find(':') != std::string::npos)
        add(step, "ExposeInvalidFormat",
            cat("EXPOSE instruction should not define an IP address or host-port mapping, found '",
                port, "'"));
      size_t slash = port.find('/');
      if (slash != std::string::npos && !is_lower(port.substr(slash)) &&
          port.find('$') == std::string::npos)
        add(step, "ExposeProtoCasing",
            cat("Defined protocol '", port, "' in EXPOSE instruction should be lowercase"));
    }
  }
  template <typename Other>
  void check(const Other&, const Step&) {}

  void check_ignored(const Copy& copy, const Step& step) {
    if (!copy.from.empty()) return;
    for (const auto& source : copy.sources) {
      std::string path = fs::clean_path(cat("/", source)).substr(1);
      bool plain = !path.empty() && source.find_first_of("*?[$") == std::string::npos;
      if (plain && !(copy.is_add && is_remote(source)) && context_.ignore.ignores(path))
        add(step, "CopyIgnoredFile",
            cat("Attempting to ", copy.is_add ? "Add" : "Copy", " file \"", source,
                "\" that is excluded by .dockerignore"));
    }
  }

  const CheckContext& context_;
  std::vector<Finding>& out_;
  std::map<std::string, const Step*> used_, shell_forms_;
  bool own_shell_ = false, absolute_workdir_ = false;
};

std::set<size_t> needed_stages(const Program& program, size_t target) {
  std::set<size_t> out;
  std::vector<size_t> open = {target};
  while (!open.empty()) {
    size_t stage = open.back();
    open.pop_back();
    if (!out.insert(stage).second) continue;
    for (size_t other : static_needs(program, stage)) open.push_back(other);
  }
  return out;
}

}  // namespace

CheckDirective parse_check_directive(const std::string& value) {
  CheckDirective out;
  auto names = [](const std::string& list) {
    std::set<std::string> set;
    for (const auto& name : text::split(list, ',')) set.insert(text::lower(text::trim(name)));
    return set;
  };
  for (const auto& part : text::split(value, ';')) {
    size_t equals = std::min(part.find('='), part.size());
    std::string key = text::lower(text::trim(part.substr(0, equals)));
    std::string rest = equals < part.size() ? part.substr(equals + 1) : "";
    if (key == "skip") out.skip = names(rest);
    if (key == "experimental") out.experimental = names(rest);
    if (key == "error") out.error = text::lower(text::trim(rest)) == "true";
  }
  return out;
}

bool CheckDirective::reports(const std::string& rule) const {
  static const std::set<std::string> on_request = {"CopyIgnoredFile",
                                                   "InvalidDefinitionDescription"};
  std::string name = text::lower(rule);
  if (skip.contains("all") || skip.contains(name)) return false;
  return !on_request.contains(rule) || experimental.contains("all") || experimental.contains(name);
}

std::vector<Finding> check_dockerfile(std::string_view text, const CheckContext& context) {
  Dockerfile file = parse_dockerfile(text);
  Program program = parse_program(text);
  std::vector<Finding> found;
  StatementChecks(file, found).run();
  check_bases(program, found);
  std::set<size_t> needed = needed_stages(program, target_stage(program, context.target));
  for (size_t stage : needed) StageChecks(context, found).run(program.stages[stage]);
  check_variables(program, context, needed, found);
  CheckDirective directive = parse_check_directive(file.check);
  std::erase_if(found, [&](const Finding& one) { return !directive.reports(one.rule); });
  std::stable_sort(found.begin(), found.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return found;
}

}  // namespace estiba::img::build
