// What can be had back of a process that a dead keeper started.
#pragma once
#include <optional>

#include "runtime/keeper/children.hpp"

namespace estiba::runtime {

/// The pipes again, through /proc/PID/fd, where they still are the recorded ones.
HeldStreams reopen_streams(const ProcessRecord& record);
/// The exit code that Linux 6.15 and later tell of any reaped process (PIDFD_GET_INFO).
std::optional<Exited> exit_from_pidfd(const Child& child);

}  // namespace estiba::runtime
