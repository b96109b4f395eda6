// ADD of a URL: fetched into a directory of the build's, then a source like any other.
#pragma once
#include <string>

#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

bool is_remote(const std::string& source);

struct RemoteFile {
  SourceTree tree;
  std::vector<SourceMatch> matches;
};
/// `checksum` is "sha256:..." or empty.
RemoteFile fetch_remote(Engine& engine, const std::string& url, const std::string& checksum);

}  // namespace estiba::img::build
