// .dockerignore: patterns over paths of the build context, later ones win, "!" takes back.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace estiba::img::build {

/// One pattern against one path, both without a leading "/". "*", "?" and "[a-z]" stay within a
/// directory, "**" spans any number; "\" escapes.
bool pattern_matches(std::string_view pattern, std::string_view path);
/// As Go's path/filepath.Match has it: every "[" is closed, and every "\" has something to escape.
bool is_well_formed(std::string_view pattern);

class IgnoreRules {
 public:
  IgnoreRules() = default;
  static IgnoreRules parse(std::string_view text);
  /// Patterns as given by COPY --exclude.
  static IgnoreRules of(const std::vector<std::string>& patterns);

  bool empty() const { return rules_.empty(); }
  /// Whether the path, or a directory that holds it, is ignored.
  bool ignores(std::string_view path) const;
  /// Whether something beneath an ignored directory may still be wanted.
  bool may_reinclude() const { return has_exception_; }

 private:
  struct Rule {
    std::string pattern;
    bool exception = false;
  };
  void add(std::string_view line);
  std::vector<Rule> rules_;
  bool has_exception_ = false;
};

}  // namespace estiba::img::build
