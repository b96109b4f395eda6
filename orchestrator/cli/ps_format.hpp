// How `ps` shows a container: pure functions from what the server says, and the time, to texts.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "orchestrator/cli/container_info.hpp"

namespace estiba::orchestrator {

enum class Truncate { yes, no };

/// "Up 2 minutes (healthy)", "Exited (137) 3 seconds ago".
std::string status_text(const ContainerInfo& container, WallTime now);
/// "7000/tcp, 0.0.0.0:8000-8002->8000-8002/tcp": equal neighbours are drawn together.
std::string ports_text(const std::vector<PublishedPort>& ports);
/// "\"sh -c 'echo h…\"": quoted, and at most 20 characters.
std::string command_text(const std::vector<std::string>& command, Truncate truncate);
/// "3 minutes ago" for an RFC 3339 time; empty for none.
std::string ago(const std::string& time, WallTime now);

/// Docker Compose's JSON object, and Pid.
Json ps_json(const ContainerInfo& container, WallTime now, Truncate truncate);
/// The table of `ps`, header included.
std::string ps_table(const std::vector<ContainerInfo>& containers, WallTime now, Truncate truncate);

}  // namespace estiba::orchestrator
