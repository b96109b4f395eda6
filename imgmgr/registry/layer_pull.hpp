// Brings an image's layers into the store: several at a time, each hashed and unpacked as it comes.
// Nothing of a layer is seen before all of it is verified.
#pragma once
#include <string>
#include <vector>

#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/registry/transfer.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct WantedLayer {
  Descriptor blob;
  Digest diff_id;
};

/// `layers`: lowest first. The caller holds the store's layers. `stop` ends all when one fails, and
/// is what `remote` listens to.
void pull_layers(const Store& store, Remote& remote, const std::vector<WantedLayer>& layers,
                 const TransferOptions& options, std::stop_source& stop);

}  // namespace estiba::img
