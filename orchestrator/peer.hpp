// Who is at the other end of the API's socket: both ends are root's, and each looks.
#pragma once
#include "base/unique_fd.hpp"

namespace estiba::orchestrator {

/// Whether root connected the socket, or listened where it was connected to (SO_PEERCRED, unix(7)).
bool is_roots(FdRef socket);

}  // namespace estiba::orchestrator
