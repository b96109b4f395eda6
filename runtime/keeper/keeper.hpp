// `estiba-keeper keeper RUN_DIR STATE_DIR SERVER_PROGRAM`: parent of the server and of every
// container. Single-threaded and never blocking; ends with 0 when the server said that nothing is
// left and has ended itself.
#pragma once
#include "runtime/keeper/server_process.hpp"

namespace estiba::runtime {

int run_keeper(const KeeperConfig& config);

}  // namespace estiba::runtime
