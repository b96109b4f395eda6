#include "imgmgr/build/ignore.hpp"

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img::build {
namespace {

// Matches by filling in, from the end, which suffix of the pattern matches which suffix of the
// path: never more than pattern × path steps, whatever the stars.
class PatternMatch {
 public:
  PatternMatch(std::string_view pattern, std::string_view path)
      : pattern_(pattern), path_(path), known_((pattern.size() + 1) * (path.size() + 1), 0) {}

  bool run() { return from(0, 0); }

 private:
  static constexpr char yes = 1, no = 2;

  bool from(size_t p, size_t t) {
    char& known = known_[p * (path_.size() + 1) + t];
    if (known == 0) known = compute(p, t) ? yes : no;
    return known == yes;
  }

  bool compute(size_t p, size_t t) {
    if (p == pattern_.size()) return t == path_.size();
    std::string_view rest = pattern_.substr(p);
    if (rest.starts_with("**")) return any_depth(p, t);
    if (rest.front() == '*')
      return from(p + 1, t) || (t < path_.size() && path_[t] != '/' && from(p, t + 1));
    if (t == path_.size()) return false;
    if (rest.front() == '[') return class_matches(p, t);
    if (rest.front() == '?') return path_[t] != '/' && from(p + 1, t + 1);
    size_t literal = rest.front() == '\\' && rest.size() > 1 ? p + 1 : p;
    return pattern_[literal] == path_[t] && from(literal + 1, t + 1);
  }

  bool any_depth(size_t p, size_t t) {
    size_t after = p + 2;
    if (after < pattern_.size() && pattern_[after] == '/') {
      // "**/" stands for no directory, or for any number of whole ones.
      if (from(after + 1, t)) return true;
      size_t slash = path_.find('/', t);
      return slash != std::string_view::npos && from(p, slash + 1);
    }
    if (after == pattern_.size()) return true;
    return from(after, t) || (t < path_.size() && from(p, t + 1));
  }

  bool class_matches(size_t p, size_t t) {
    size_t close = pattern_.find(']', p + 2);
    if (close == std::string_view::npos || path_[t] == '/') return false;
    std::string_view set = pattern_.substr(p + 1, close - p - 1);
    bool negated = set.starts_with('^');
    if (negated) set.remove_prefix(1);
    bool found = false;
    for (size_t i = 0; i < set.size(); ++i) {
      bool range = i + 2 < set.size() && set[i + 1] == '-';
      found = found || (range ? set[i] <= path_[t] && path_[t] <= set[i + 2] : set[i] == path_[t]);
      if (range) i += 2;
    }
    return found != negated && from(close + 1, t + 1);
  }

  std::string_view pattern_, path_;
  std::vector<char> known_;
};

// One character of a class, perhaps escaped; false: there is none that may stand there.
bool take_class_character(std::string_view& rest) {
  if (rest.empty() || rest.front() == '-' || rest.front() == ']') return false;
  if (rest.front() == '\\') rest.remove_prefix(1);
  if (rest.empty()) return false;
  rest.remove_prefix(1);
  return !rest.empty();
}

// After the "[".
bool take_class(std::string_view& rest) {
  if (rest.starts_with('^')) rest.remove_prefix(1);
  for (bool first = true; first || !rest.starts_with(']'); first = false) {
    if (!take_class_character(rest)) return false;
    if (!rest.starts_with('-')) continue;
    rest.remove_prefix(1);
    if (!take_class_character(rest)) return false;
  }
  rest.remove_prefix(1);
  return true;
}

}  // namespace

bool is_well_formed(std::string_view rest) {
  while (!rest.empty()) {
    char next = rest.front();
    rest.remove_prefix(1);
    if (next == '[' && !take_class(rest)) return false;
    if (next != '\\') continue;
    if (rest.empty()) return false;
    rest.remove_prefix(1);
  }
  return true;
}

bool pattern_matches(std::string_view pattern, std::string_view path) {
  return PatternMatch(pattern, path).run();
}

IgnoreRules IgnoreRules::parse(std::string_view text) {
  IgnoreRules out;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (const auto& line : text::split(text, '\n'))
    if (!line.starts_with('#')) out.add(text::trim(line));
  return out;
}

IgnoreRules IgnoreRules::of(const std::vector<std::string>& patterns) {
  IgnoreRules out;
  for (const auto& pattern : patterns) out.add(pattern);
  return out;
}

void IgnoreRules::add(std::string_view line) {
  Rule rule;
  rule.exception = line.starts_with('!');
  if (rule.exception) line = text::trim(line.substr(1));
  if (line.empty()) return;
  rule.pattern = fs::clean_path(line);
  if (rule.pattern.starts_with('/')) rule.pattern.erase(0, 1);
  if (rule.pattern.empty()) return;
  if (!is_well_formed(rule.pattern))
    throw Error(
        cat("\"", one_line(line), "\" is not a valid pattern: an escape or a [ is not complete"));
  has_exception_ = has_exception_ || rule.exception;
  rules_.push_back(rule);
}

bool IgnoreRules::ignores(std::string_view path) const {
  bool ignored = false;
  for (const auto& rule : rules_) {
    if (ignored != rule.exception) continue;  // it could change nothing
    bool matched = pattern_matches(rule.pattern, path);
    for (size_t slash = path.rfind('/'); !matched && slash != std::string_view::npos && slash > 0;
         slash = path.rfind('/', slash - 1))
      matched = pattern_matches(rule.pattern, path.substr(0, slash));
    if (matched) ignored = !rule.exception;
  }
  return ignored;
}

}  // namespace estiba::img::build
