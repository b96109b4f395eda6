#include "imgmgr/index_json.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "imgmgr/digest.hpp"

namespace estiba::img {
namespace {

constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";
constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";
constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* name_annotation = "org.opencontainers.image.ref.name";
constexpr const char* pulled_annotation = "estiba.pulled";

Json descriptor(const char* type, const std::string& digest, uint64_t size) {
  return Json{{"mediaType", type}, {"digest", digest}, {"size", size}};
}

std::string digest_at(const Json& object) {
  std::string digest = json::required_string(object, "digest");
  sha256_hex(digest);
  return digest;
}

uint64_t size_at(const Json& object) {
  return static_cast<uint64_t>(json::required_int(object, "size"));
}

}  // namespace

std::string index_json(const std::vector<IndexEntry>& entries) {
  Json manifests = Json::array();
  for (const auto& entry : entries) {
    Json item = descriptor(manifest_type, entry.manifest, entry.manifest_size);
    if (!entry.reference.empty()) item["annotations"][name_annotation] = entry.reference;
    if (!entry.pulled.empty()) item["annotations"][pulled_annotation] = entry.pulled;
    manifests.push_back(item);
  }
  return Json{{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", manifests}}.dump(1);
}

std::vector<IndexEntry> parse_index(std::string_view text) {
  Json document = parse_json(text, "the image store's index.json");
  std::vector<IndexEntry> out;
  for (const auto& item : document.value("manifests", Json::array())) {
    IndexEntry entry{"", digest_at(item), size_at(item)};
    if (auto annotations = item.find("annotations"); annotations != item.end()) {
      entry.reference = json::string_at(*annotations, name_annotation).value_or("");
      entry.pulled = json::string_at(*annotations, pulled_annotation).value_or("");
    }
    out.push_back(entry);
  }
  return out;
}

std::string manifest_json(const Manifest& manifest) {
  Json layers = Json::array();
  for (const auto& layer : manifest.layers)
    layers.push_back(descriptor(layer_type, layer.digest, layer.size));
  return Json{{"schemaVersion", 2},
              {"mediaType", manifest_type},
              {"config", descriptor(config_type, manifest.config, manifest.config_size)},
              {"layers", layers}}
      .dump();
}

Manifest parse_manifest(std::string_view text) {
  Json document = parse_json(text, "an image manifest");
  Manifest out;
  const Json& config = document.value("config", Json::object());
  out.config = digest_at(config);
  out.config_size = size_at(config);
  for (const auto& layer : document.value("layers", Json::array()))
    out.layers.push_back({digest_at(layer), size_at(layer)});
  return out;
}

}  // namespace estiba::img
