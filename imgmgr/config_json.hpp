// The OCI image configuration (image-spec config.md, with Docker's Healthcheck, OnBuild and Shell)
// between JSON and our types.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/images.hpp"

namespace estiba::img {

/// All that the configuration blob holds.
struct ConfigFile {
  ImageConfig config;
  std::vector<std::string> diff_ids;  ///< lowest first
  std::vector<HistoryEntry> history;  ///< oldest first
};

std::string to_json(const ConfigFile& file);
/// An Error names what is wrong and `what`.
ConfigFile parse_config(std::string_view json, std::string_view what);

}  // namespace estiba::img
