#include "orchestrator/peer.hpp"

#include <sys/socket.h>

namespace estiba::orchestrator {

bool is_roots(FdRef socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

}  // namespace estiba::orchestrator
