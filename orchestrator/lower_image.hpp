// What `commit` writes into an image's configuration: the container's own, which is its service's
// over its image's. Pure.
#pragma once
#include "compose-spec/project.hpp"
#include "imgmgr/images.hpp"

namespace estiba::orchestrator {

/// As Docker has it: the image's ONBUILD, SHELL and author do not go along. Nor, unlike there, do
/// the labels com.docker.compose.*, which say of one container whose it is.
img::ImageConfig container_config(const spec::Service& service, const img::ImageConfig& image);

}  // namespace estiba::orchestrator
