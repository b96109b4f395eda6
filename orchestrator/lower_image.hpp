// What `commit` writes into an image's configuration: the container's own, which is its service's
// over its image's. Pure.
#pragma once
#include "compose-spec/project.hpp"
#include "imgmgr/images.hpp"

namespace estiba::orchestrator {

/// As Docker has it: neither the image's ONBUILD, SHELL and author nor what Compose notes of a
/// container (labels com.docker.compose.*) go along.
img::ImageConfig container_config(const spec::Service& service, const img::ImageConfig& image);

}  // namespace estiba::orchestrator
