// Dockerfiles and what stands beside them.
#include <string>

#include "base/text.hpp"
#include "imgmgr/build/checks.hpp"
#include "imgmgr/build/ignore.hpp"
#include "imgmgr/build/program.hpp"
#include "imgmgr/build/words.hpp"
#include "imgmgr/changes.hpp"
#include "promise.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace img::build;

std::optional<std::string> lookup(const std::string& name) {
  if (name == "A") return "a b";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

void feed_words(std::string_view text, char escape) {
  for (Quotes quotes : {Quotes::removed, Quotes::kept}) {
    told([&] { expand_word(text, lookup, {escape, quotes}); });
    told([&] { expand_words(text, lookup, {escape, quotes, Unset::kept}); });
  }
  told([&] { split_words(text, escape); });
}

}  // namespace

void feed_dockerfile(std::string_view bytes) {
  try {
    Program program = parse_program(bytes);
    for (size_t stage = 0; stage < program.stages.size(); ++stage)
      for (size_t need : static_needs(program, stage)) promise(need < program.stages.size());
    told([&] { promise(target_stage(program, "") < program.stages.size()); });
  } catch (const SyntaxError& error) {
    promise(error.line() >= 0 && !error.message().empty());
  }
  CheckContext context;
  context.environment = [](const std::string&) {
    return std::optional(std::vector<std::string>{"PATH=/bin"});
  };
  told([&] {
    for (const Finding& finding : check_dockerfile(bytes, context))
      promise(!finding.rule.empty() && !finding.message.empty());
  });
  feed_words(bytes, '\\');
  told([&] { img::apply_changes({}, {std::string(bytes)}); });
}

void feed_dockerignore(std::string_view bytes) {
  size_t line = std::min(bytes.find('\n'), bytes.size());
  std::string path(bytes.substr(0, line));
  answered([&] {
    IgnoreRules rules = IgnoreRules::parse(bytes.substr(line));
    rules.ignores(path);
    rules.ignores("a/b/c");
  });
  for (const auto& pattern : text::split(bytes.substr(line), '\n')) {
    if (is_well_formed(pattern)) pattern_matches(pattern, path);
    without_prefix(path, pattern, Match::longest);
    without_suffix(path, pattern, Match::shortest);
  }
}

}  // namespace estiba::fuzz
