// Brings a blob into a repository: seen to be there, mounted from another repository of the same
// registry, or sent in pieces, each taken up again where a connection broke.
#pragma once
#include <functional>
#include <string>

#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {

bool has_blob(Remote& remote, HttpClient& client, const Digest& digest);

/// False if the registry does not do it; then nothing is left of the attempt.
bool mount_blob(Remote& remote, HttpClient& client, const Digest& digest,
                const std::string& from_repository);

/// Reads from `offset` on; 0 at the end.
using BlobReader = std::function<size_t(char* buffer, size_t size, uint64_t offset)>;

/// `on_progress` hears how many bytes have been taken.
void upload_blob(Remote& remote, HttpClient& client, const Descriptor& blob,
                 const BlobReader& reader, const std::function<void(uint64_t)>& on_progress);

}  // namespace estiba::img
