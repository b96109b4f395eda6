// Whether a complete model makes sense: what it names exists, what excludes each other is not
// written together, dependencies do not go round in circles. One function a rule.
#pragma once
#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Only services that take part are checked; the disabled ones are known so that a dependency on
/// one of them can be told from a name that is nowhere.
void check_consistency(const Node& model, const Mapping& disabled, Report& report);
/// Rules of single values and resources, whether or not they take part: what is no address,
/// attributes that exclude each other.
void check_values(const Node& model, Report& report);
/// Names that only one may have.
void check_resources(const Node& model, Report& report);
/// Dependencies in a circle, each with its whole path: a -> b -> a.
void check_cycles(const Node& model, Report& report);

}  // namespace estiba::spec
