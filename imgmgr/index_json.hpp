// index.json and manifests (image-spec image-index.md, manifest.md) between JSON and our types.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/store.hpp"

namespace estiba::img {

std::string index_json(const std::vector<IndexEntry>& entries);
std::vector<IndexEntry> parse_index(std::string_view text);
std::string manifest_json(const Manifest& manifest);
Manifest parse_manifest(std::string_view text);

}  // namespace estiba::img
