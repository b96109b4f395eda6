// ADD of a URL or of a Git repository: fetched into a directory of the build's, then a source like
// any other.
#pragma once
#include <string>

#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/git_source.hpp"

namespace estiba::img::build {

bool is_remote(const std::string& source);

struct RemoteFile {
  SourceTree tree;
  std::vector<SourceMatch> matches;
  std::string key;  ///< what stands for its content; empty: the content itself does
};
struct RemoteRequest {
  std::string url;
  std::string checksum;  ///< "sha256:...", or a commit; empty: not checked
  GitFetch::GitDir git_dir = GitFetch::GitDir::removed;
  std::function<void(std::string_view)> output;
};
RemoteFile fetch_remote(Engine& engine, const RemoteRequest& request);

}  // namespace estiba::img::build
