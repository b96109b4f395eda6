// The request that up, create, run and scale send: the model, and what was asked of it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// Two flags that contradict each other: the sentence about them. Nothing if all is well.
std::optional<std::string> contradiction(const Arguments& arguments);

/// `--scale web=3`, each checked against the project. The message for what is none is the caller's.
std::map<std::string, int64_t> parse_scales(const std::vector<std::string>& written,
                                            const std::string& complaint);

/// Params of `up` (docs/api.md): model and options, the latter from flags of the same names.
Json up_params(const Invocation& invocation, const LoadedProject& loaded,
               const std::vector<std::string>& targets);

/// A switch that the environment may turn on as well.
bool flag_or_environment(const Arguments& arguments, const char* flag, const char* variable);

}  // namespace estiba::orchestrator
