// Makes relative paths absolute, each against the directory of the project or file it came with.
#pragma once
#include <string>
#include <string_view>

#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

struct PathBase {
  std::string directory;  ///< absolute
  std::string home;       ///< what ~ stands for
};

void resolve_paths(Node& node, const Type& type, const PathBase& base);
std::string absolute_path(const std::string& path, const PathBase& base);
/// A build context that is no directory: a URL, a git address, service:NAME.
bool is_remote_context(std::string_view context);

}  // namespace estiba::spec
