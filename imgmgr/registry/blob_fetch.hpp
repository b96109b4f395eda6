// Fetches a blob, hashing it on the way. A connection that breaks is taken up again where it broke
// (RFC 9110, 14: Range); content that is not what its digest says is an error.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {

void fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob,
                const std::function<void(std::string_view)>& sink);

/// A small blob, into memory.
std::string fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob);

}  // namespace estiba::img
