// What images are at this moment, asked from their registries.
#pragma once
#include <map>
#include <set>
#include <string>

#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// "nginx" → "docker.io/library/nginx:latest@sha256:...", several asked for at once. One that says
/// its digest already only loses its tag, which the digest makes meaningless. An Error is the first
/// failure.
std::map<std::string, std::string> digests_of(const Invocation& invocation,
                                              const std::set<std::string>& images);

}  // namespace estiba::orchestrator
