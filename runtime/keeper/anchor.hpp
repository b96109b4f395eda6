// `estiba-keeper anchor RUN_DIR STATE_DIR SERVER_PROGRAM`: keeps a keeper running, and reaps what a
// killed one leaves behind, whose exits it writes down. It does nothing else, so that it has no
// reason to die.
#pragma once
#include "runtime/keeper/server_process.hpp"

namespace estiba::runtime {

int run_anchor(const KeeperConfig& config);

}  // namespace estiba::runtime
