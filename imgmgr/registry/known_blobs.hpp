// Which compressed blobs stand for a layer, and which repositories have them: kept beside the layer
// (layers/sha256/HEX/blobs.json), so that pushing it need not make, or send, what is there already.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct KnownBlob {
  Descriptor blob;
  Digest diff_id;  ///< of the tar within; that of a tar made anew may differ from the layer's
  std::vector<std::string> sources;  ///< "host/repository"
};

/// The latest first; what cannot be read is nothing.
std::vector<KnownBlob> known_blobs(const Store& store, const Digest& layer);
void remember_blob(const Store& store, const Digest& layer, const KnownBlob& blob);

}  // namespace estiba::img
