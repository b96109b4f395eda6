// Runs one stage's steps in order.
#pragma once
#include <string>

#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

/// An Error names the line of the Dockerfile.
StageState run_stage(Engine& engine, size_t stage);

/// HTTP_PROXY and its like: known without an ARG, and part of no cache key and no image.
bool is_proxy_argument(const std::string& name);

}  // namespace estiba::img::build
