// YAML text → positioned trees, one a document. The only file that knows libyaml, and only its
// events: what they mean (merge keys, duplicate keys, bounds, tags) is decided here.
#pragma once
#include <vector>

#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// The documents of a file added to `sources`. What is wrong is reported; the documents that could
/// be read before it are returned.
std::vector<Node> read_yaml(const Sources& sources, uint32_t source, Report& report);

}  // namespace estiba::spec
