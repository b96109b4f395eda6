// The mounts of a service, in the order they must be made. Part of lower().
#pragma once
#include <vector>

#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {

std::vector<runtime::Mount> lower_mounts(const LowerInput& input);

/// "/path:size=1m,mode=1770" of the tmpfs attribute.
runtime::TmpfsMount parse_tmpfs(const std::string& entry);

}  // namespace estiba::orchestrator
