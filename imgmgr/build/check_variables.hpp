// The build checks that are about variables: those of FROM, and those that a stage uses.
#pragma once
#include <set>
#include <vector>

#include "imgmgr/build/checks.hpp"

namespace estiba::img::build {

/// UndefinedArgInFrom, InvalidDefaultArgInFrom, RedundantTargetPlatform and
/// FromPlatformFlagConstDisallowed.
void check_bases(const Program& program, std::vector<Finding>& out);

/// UndefinedVar, in these stages.
void check_variables(const Program& program, const CheckContext& context,
                     const std::set<size_t>& stages, std::vector<Finding>& out);

}  // namespace estiba::img::build
