// Volumes as `volumes` and `volume ls` show them.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// Docker's keys for each volume of the server's answer; all projects' if the name is empty.
std::vector<Json> volume_rows(const Paths& paths, const std::string& project);
/// As -q and --format of the command say.
void print_volumes(const Arguments& arguments, const std::vector<Json>& rows);

}  // namespace estiba::orchestrator
