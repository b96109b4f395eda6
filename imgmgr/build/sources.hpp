// Opens what COPY, ADD and bind mounts read from.
#pragma once
#include <optional>
#include <string>

#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

/// `from` as in --from: empty means the build context.
SourceTree open_source(Engine& engine, const std::string& from, size_t asking);
/// A file of patterns; nothing if there is none. An Error if it is no regular file.
std::optional<std::string> read_dockerignore(const std::string& path);

}  // namespace estiba::img::build
