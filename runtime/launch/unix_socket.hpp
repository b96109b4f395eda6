// The keeper's SOCK_SEQPACKET socket, addressed through its directory's descriptor: sun_path holds
// only 107 bytes, and a run directory may be longer.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

/// Replaces what is at the path; mode 0600; non-blocking.
UniqueFd listen_at(const std::string& path);
UniqueFd connect_to(const std::string& path);
/// SO_PEERCRED.
uid_t peer_uid(FdRef connection);

}  // namespace estiba::runtime
