// What exists, as the scheduler sees it and as `ps` shows it: snapshots, no choices.
#pragma once
#include "base/json.hpp"
#include "orchestrator/server/core.hpp"
#include "scheduler/observed_state.hpp"

namespace estiba::orchestrator {

/// `project` may be null (no file at hand): then only what carries the project's labels is seen.
scheduler::ObservedState observe(const Core& core, const std::string& name,
                                 const spec::Project* project);

/// One container as docs/api.md describes it.
Json describe(const Core& core, const Instance& instance);

namespace labels {
constexpr const char* project = "com.docker.compose.project";
constexpr const char* service = "com.docker.compose.service";
constexpr const char* number = "com.docker.compose.container-number";
constexpr const char* one_off = "com.docker.compose.oneoff";
constexpr const char* config_hash = "com.docker.compose.config-hash";
constexpr const char* depends_on = "com.docker.compose.depends_on";
constexpr const char* image = "com.docker.compose.image";
constexpr const char* working_dir = "com.docker.compose.project.working_dir";
constexpr const char* config_files = "com.docker.compose.project.config_files";
constexpr const char* environment_file = "com.docker.compose.project.environment_file";
constexpr const char* network = "com.docker.compose.network";
constexpr const char* volume = "com.docker.compose.volume";
constexpr const char* anonymous_volume = "com.docker.volume.anonymous";
constexpr const char* version = "com.docker.compose.version";
}  // namespace labels

/// The label's value, or an empty text.
std::string label(const std::map<std::string, std::string>& labels, const char* name);

}  // namespace estiba::orchestrator
