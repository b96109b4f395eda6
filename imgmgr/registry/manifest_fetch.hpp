// Asks a registry for a manifest or an index, and checks that it is the one that was asked for.
#pragma once
#include <string>

#include "imgmgr/digest.hpp"
#include "imgmgr/registry/remote.hpp"

namespace estiba::img {

struct FetchedManifest {
  std::string text, type;
  Digest digest;
};

/// `name` is a tag or a digest: by digest it is checked (which only sha256 ones can be), by tag it
/// is taken for what the tag means. `image` is what messages call it.
FetchedManifest fetch_manifest(Remote& remote, HttpClient& client, const std::string& name,
                               const std::string& image);

}  // namespace estiba::img
