// `estiba-keeper init STATUS_FD -- COMMAND...`: PID 1 of a container with `init: true`. Starts the
// command, passes signals on to it, reaps every zombie, and exits as the command did.
#pragma once
#include <string>
#include <vector>

namespace estiba::runtime {

int run_init(int status_fd, const std::vector<std::string>& command);

}  // namespace estiba::runtime
