// Before `up` and its like change anything: the images that the services need are fetched or built.
#pragma once
#include <string>
#include <vector>

#include "orchestrator/cli/project_loading.hpp"

namespace estiba::orchestrator {

/// An Error if --pull is no policy. Makes the services' policies what it and --build say.
void apply_pull_flags(const Arguments& arguments, spec::Project& project);

/// Pulls what the policies ask for, then builds what --build asks for and what is still missing.
void provide_images(const Invocation& invocation, LoadedProject& loaded,
                    const std::vector<std::string>& targets);

}  // namespace estiba::orchestrator
