// Checks of a Dockerfile that builds, but perhaps not as its author thinks: Docker's build checks,
// with their names (docs.docker.com/reference/build-checks). Pure.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "imgmgr/build/ignore.hpp"
#include "imgmgr/build/program.hpp"

namespace estiba::img::build {

struct Finding {
  std::string rule;  ///< "StageNameCasing"
  int line = 0;
  std::string message;
  bool operator==(const Finding&) const = default;
};

struct CheckContext {
  std::string target;
  IgnoreRules ignore;
  /// The environment that an image brings; nothing: not known.
  std::function<std::optional<std::vector<std::string>>(const std::string& image)> environment;
};

/// By line. What the file's "# check=skip=..." leaves out is left out.
std::vector<Finding> check_dockerfile(std::string_view text, const CheckContext& context);

/// "# check=skip=RULE,RULE;error=true;experimental=RULE", "all" for every rule.
struct CheckDirective {
  std::set<std::string> skip, experimental;
  bool error = false;
  bool reports(const std::string& rule) const;
};
CheckDirective parse_check_directive(const std::string& value);

}  // namespace estiba::img::build
