// Pushes an image to the registry of its name. What the registry has is not sent again, and what
// was pulled goes back as it came wherever its blobs are still to be had.
#pragma once
#include "imgmgr/images.hpp"
#include "imgmgr/registry/transfer.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

Transferred push_image(const Store& store, const Reference& reference,
                       const TransferOptions& options);

}  // namespace estiba::img
