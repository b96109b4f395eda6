// What is wrong with a user's file: values, collected, all shown in file order.
#pragma once
#include <string>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::spec {

enum class Severity { warning, error };

struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  /// "services.web.ports[0]"; empty where there is no path.
  std::string path;
  std::string message;
  /// What to do: `did you mean "image"?`. May be empty.
  std::string hint;
  /// The line of the file that `place` names, for the caret; empty if there is none.
  std::string source_line;
};

using Diagnostics = std::vector<Diagnostic>;

/// `compose.yaml:7:5: services.web: unknown attribute "imagee"; did you mean "image"?`, then the
/// source line and a caret. Files beneath `working_dir` are named relative to it.
std::string to_text(const Diagnostic& diagnostic, const std::string& working_dir);
bool has_errors(const Diagnostics& diagnostics);

}  // namespace estiba::spec
