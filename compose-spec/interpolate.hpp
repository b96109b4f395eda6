// Replaces the variables in every value of a tree (never in keys), before anything is merged.
#pragma once
#include <map>
#include <set>
#include <string>

#include "compose-spec/report.hpp"
#include "compose-spec/template.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

using Environment = std::map<std::string, std::string>;

/// What is said once a load, however many files use the variable.
struct InterpolationLog {
  std::set<std::string> warned;
};

void interpolate(Node& root, const Environment& environment, InterpolationLog& log, Report& report);

/// The variables that the values of a tree use.
void collect_variables(const Node& root, std::map<std::string, Variable>& variables);

}  // namespace estiba::spec
