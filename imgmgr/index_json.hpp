// index.json and manifests (image-spec image-index.md, manifest.md) between JSON and our types.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/store.hpp"

namespace estiba::img {

std::string index_json(const std::vector<IndexEntry>& entries);
/// An Error names `what`: of the store, or of somebody's archive.
std::vector<IndexEntry> parse_index(std::string_view text, std::string_view what);
std::string manifest_json(const Manifest& manifest);
Manifest parse_manifest(std::string_view text, std::string_view what);

}  // namespace estiba::img
