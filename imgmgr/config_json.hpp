// The OCI image configuration (image-spec config.md, with Docker's Healthcheck, OnBuild and Shell)
// between JSON and our types.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/digest.hpp"
#include "imgmgr/images.hpp"

namespace estiba::img {

/// Of manifests and configurations alike.
constexpr size_t max_layers = 1000;

/// All that the configuration blob holds.
struct ConfigFile {
  ImageConfig config;
  std::vector<Digest> diff_ids;       ///< lowest first
  std::vector<HistoryEntry> history;  ///< oldest first
};

std::string to_json(const ConfigFile& file);
/// An Error names what is wrong and `what`; too much of something is wrong as well.
ConfigFile parse_config(std::string_view json, std::string_view what);

}  // namespace estiba::img
