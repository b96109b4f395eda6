#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "imgmgr/archive.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/index_json.hpp"

namespace estiba::img {
namespace {

std::string blob_name(const Digest& digest) { return cat("blobs/sha256/", digest.hex()); }

class Saver {
 public:
  Saver(const Store& store, const TarSink& sink) : store_(store), sink_(sink) {}

  void run(const std::vector<SavedImage>& images, SaveFormat format) {
    for (const auto& image : images) save(image);
    sink_(tar_file("index.json", index_json(index_)));
    if (format == SaveFormat::docker) sink_(tar_file("manifest.json", to_text(docker_)));
    sink_(tar_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
    sink_(tar_end());
  }

 private:
  // A layer's tar is made anew from its files. One that came from elsewhere may have had another
  // form (order, padding): the saved configuration names the tars that are in this archive.
  void save(const SavedImage& image) {
    ConfigFile file = image.config;
    std::vector<LayerDescriptor> saved;
    Json layers = Json::array();
    for (auto& diff_id : file.diff_ids) {
      LayerDescriptor layer = save_layer(store_.layer_dir(diff_id));
      diff_id = layer.digest;
      saved.push_back(layer);
      layers.push_back(blob_name(layer.digest));
    }
    std::string config = to_json(file);
    Manifest manifest{put_blob(config), config.size(), saved};
    std::string text = manifest_json(manifest);
    Digest digest = put_blob(text);
    Json tags = Json::array();
    for (const auto& reference : image.references) {
      index_.push_back({reference, digest, text.size()});
      tags.push_back(Reference::parse(reference)->familiar());
    }
    if (image.references.empty()) index_.push_back({"", digest, text.size()});
    docker_.push_back(
        Json{{"Config", blob_name(manifest.config)}, {"RepoTags", tags}, {"Layers", layers}});
  }

  // Read twice: a tar entry's size stands before its content.
  LayerDescriptor save_layer(const std::string& directory) {
    UniqueFd layer = sys::open(directory, O_RDONLY | O_DIRECTORY);
    LayerTar tar = write_layer_tar(layer, {});
    if (written_.insert(tar.diff_id).second) {
      sink_(tar_file_header(blob_name(tar.diff_id), tar.tar_size));
      write_layer_tar(layer, sink_);
      sink_(tar_padding(tar.tar_size));
    }
    return {tar.diff_id, tar.tar_size};
  }

  Digest put_blob(const std::string& content) {
    Digest digest = Digest::of(content);
    if (written_.insert(digest).second) sink_(tar_file(blob_name(digest), content));
    return digest;
  }

  const Store& store_;
  const TarSink& sink_;
  std::set<Digest> written_;
  std::vector<IndexEntry> index_;
  Json docker_ = Json::array();
};

}  // namespace

void save_archive(const Store& store, const std::vector<SavedImage>& images, SaveFormat format,
                  const TarSink& sink) {
  auto held = store.hold_layers();
  Saver(store, sink).run(images, format);
}

}  // namespace estiba::img
