// YAML text → positioned trees, one a document. The only file that knows yaml-cpp, and only its
// events: its Node merges no `<<`, hides duplicate keys and forgets where an alias is used.
#pragma once
#include <vector>

#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// The documents of a file added to `sources`. What is wrong is reported; the documents that could
/// be read before it are returned.
std::vector<Node> read_yaml(const Sources& sources, uint32_t source, Report& report);

}  // namespace estiba::spec
