// Brings an image's layers into a repository: several at a time, each in the cheapest way there is.
#pragma once
#include <string>
#include <vector>

#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/registry/transfer.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct PushedLayer {
  Descriptor blob;
  Digest diff_id;  ///< of its tar: another than the layer's if it had to be made anew
};

/// `diff_ids`: lowest first, as the result. The caller holds the store's layers. `stop` ends all
/// when one fails, and is what `remote` listens to.
std::vector<PushedLayer> push_layers(const Store& store, Remote& remote,
                                     const std::vector<Digest>& diff_ids,
                                     const TransferOptions& options, std::stop_source& stop);

}  // namespace estiba::img
