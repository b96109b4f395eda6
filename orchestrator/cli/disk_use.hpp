// What images, containers, volumes and the builder keep on disk, and how much of it nothing uses.
// The sums are pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "imgmgr/images.hpp"
#include "orchestrator/cli/container_info.hpp"

namespace estiba::orchestrator {

struct ImageUse {
  std::string id, reference, created;
  uint64_t size = 0, unique = 0;  ///< unique: of layers that no other image has
  size_t containers = 0;
};

struct DiskUse {
  size_t total = 0, active = 0;
  uint64_t size = 0, reclaimable = 0;
};

/// One an image, with the containers made from it.
std::vector<ImageUse> image_uses(const std::vector<img::ImageRecord>& images,
                                 const std::vector<ContainerInfo>& containers);
/// Layers that several images share count once; those of images with containers are in use.
DiskUse sum_of_images(const std::vector<img::ImageRecord>& images,
                      const std::vector<ContainerInfo>& containers);

/// Bytes of all files beneath a directory, each inode once; 0 if it does not exist.
uint64_t tree_size(const std::string& path);

}  // namespace estiba::orchestrator
