// Opens what COPY, ADD and bind mounts read from.
#pragma once
#include <string>

#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

/// `from` as in --from: empty means the build context.
SourceTree open_source(Engine& engine, const std::string& from, size_t asking);

}  // namespace estiba::img::build
