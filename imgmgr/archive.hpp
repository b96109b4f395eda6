// `image save` and `image load`: images as one tar, in the layout that both Docker and OCI tools
// read (manifest.json beside index.json, blobs by digest).
#pragma once
#include <string>
#include <vector>

#include "imgmgr/images.hpp"
#include "imgmgr/layer_tar.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

/// An image to save, and the names it keeps.
struct SavedImage {
  ConfigFile config;
  std::vector<std::string> references;  ///< in full
};

void save_archive(const Store& store, const std::vector<SavedImage>& images, SaveFormat format,
                  const TarSink& sink);

/// Returns what was loaded: references in familiar form, or ids of images without one.
std::vector<std::string> load_archive(const Store& store, FdRef fd, const std::string& subject,
                                      const Progress& progress);

}  // namespace estiba::img
