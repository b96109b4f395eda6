// Pulls an image: from its mirrors, then from its registry, until one of them has it.
#pragma once
#include "imgmgr/images.hpp"
#include "imgmgr/registry/transfer.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

Transferred pull_image(const Store& store, const Reference& reference,
                       const TransferOptions& options);

}  // namespace estiba::img
