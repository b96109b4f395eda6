// Pulls an image, or asks what it is: from its mirrors, then from its registry, until one of them
// has it.
#pragma once
#include "imgmgr/images.hpp"
#include "imgmgr/registry/transfer.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

Transferred pull_image(const Store& store, const Reference& reference,
                       const TransferOptions& options);

/// The digest of the manifest, or index, that the reference means there now; nothing is stored.
std::string remote_digest(const Reference& reference, const std::stop_token& stop);

}  // namespace estiba::img
