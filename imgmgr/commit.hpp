// `docker commit`: the writable layer of a container becomes the topmost of a new image.
#pragma once
#include <string>

#include "imgmgr/images.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

/// `reference` is in full, or empty. Returns the image's id.
std::string commit_container(const Store& store, const CommitRequest& request,
                             const std::string& reference);

}  // namespace estiba::img
