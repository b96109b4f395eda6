// Writes a layer directory as the tar that stands for it: sorted, with overlay's marks turned back
// into whiteouts, always the same bytes for the same files. Its hash is the layer's diff id.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "imgmgr/digest.hpp"

namespace estiba::img {

using TarSink = std::function<void(std::string_view)>;

struct LayerTar {
  Digest diff_id;
  uint64_t content_size = 0;  ///< bytes of files
  uint64_t tar_size = 0;
  uint64_t entries = 0;
};

/// `sink` may be empty: then the layer is only hashed.
LayerTar write_layer_tar(FdRef layer, const TarSink& sink);

/// What is held, with all beneath it, as a tar of its own whose entries begin with that name.
void write_tree_tar(FdRef node, const std::string& name, const TarSink& sink);

/// One plain file as a tar entry, for archives made of a few files.
std::string tar_file(const std::string& name, std::string_view content);
/// The header of a file whose content (`size` bytes, then tar_padding) follows.
std::string tar_file_header(const std::string& name, uint64_t size);
std::string tar_padding(uint64_t size);
std::string tar_end();

}  // namespace estiba::img
