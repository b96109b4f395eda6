#include "orchestrator/cli/disk_use.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace estiba::orchestrator {
namespace {

size_t containers_of_image(const std::string& id, const std::vector<ContainerInfo>& containers) {
  return static_cast<size_t>(
      std::count_if(containers.begin(), containers.end(),
                    [&](const ContainerInfo& container) { return container.image_id == id; }));
}

}  // namespace

std::vector<ImageUse> image_uses(const std::vector<img::ImageRecord>& images,
                                 const std::vector<ContainerInfo>& containers) {
  std::map<std::string, int> holders;
  for (const auto& image : images)
    for (const auto& diff_id : std::set(image.diff_ids.begin(), image.diff_ids.end()))
      ++holders[diff_id];
  std::vector<ImageUse> out;
  for (const auto& image : images) {
    ImageUse use{image.id,
                 image.references.empty() ? "" : image.references.front(),
                 image.config.created,
                 image.size,
                 0,
                 containers_of_image(image.id, containers)};
    for (size_t i = 0; i < image.diff_ids.size(); ++i)
      if (holders[image.diff_ids[i]] == 1) use.unique += image.layer_sizes[i];
    out.push_back(use);
  }
  return out;
}

DiskUse sum_of_images(const std::vector<img::ImageRecord>& images,
                      const std::vector<ContainerInfo>& containers) {
  DiskUse out;
  std::map<std::string, uint64_t> layers;
  std::set<std::string> used;
  for (const auto& image : images) {
    ++out.total;
    bool active = containers_of_image(image.id, containers) > 0;
    if (active) ++out.active;
    for (size_t i = 0; i < image.diff_ids.size(); ++i) {
      layers[image.diff_ids[i]] = image.layer_sizes[i];
      if (active) used.insert(image.diff_ids[i]);
    }
  }
  for (const auto& [diff_id, size] : layers) {
    out.size += size;
    if (!used.contains(diff_id)) out.reclaimable += size;
  }
  return out;
}

uint64_t tree_size(const std::string& path) {
  namespace stdfs = std::filesystem;
  uint64_t total = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  std::error_code error;
  auto options = stdfs::directory_options::skip_permission_denied;
  // What vanishes meanwhile counts for nothing.
  for (stdfs::recursive_directory_iterator entry(path, options, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (status.st_nlink > 1 && !linked.insert({status.st_dev, status.st_ino}).second) continue;
    total += static_cast<uint64_t>(status.st_size);
  }
  return total;
}

}  // namespace estiba::orchestrator
