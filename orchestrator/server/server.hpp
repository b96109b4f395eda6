// `estiba server`: owns containers, networks and volumes of one state root, reconciles projects,
// and answers the command line. Started by the keeper, and again after its death.
#pragma once
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

/// Runs until nothing is left; the exit code of the process.
int run_server(const Paths& paths);

}  // namespace estiba::orchestrator
