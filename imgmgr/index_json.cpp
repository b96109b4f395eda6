#include "imgmgr/index_json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"

namespace estiba::img {
namespace {

constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";
constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";
constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* name_annotation = "org.opencontainers.image.ref.name";
constexpr const char* pulled_annotation = "estiba.pulled";

Json descriptor(const char* type, const Digest& digest, uint64_t size) {
  return Json{{"mediaType", type}, {"digest", digest.text()}, {"size", size}};
}

Digest digest_at(const Json& object) {
  return Digest::required(json::required_string(object, "digest"));
}

IndexEntry entry_of(const Json& item) {
  IndexEntry out{"", digest_at(item), json::required_size(item, "size")};
  if (const Json* annotations = json::object_at(item, "annotations")) {
    out.reference = json::string_at(*annotations, name_annotation).value_or("");
    out.pulled = json::string_at(*annotations, pulled_annotation).value_or("");
  }
  return out;
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
  return to_text(Json{{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", manifests}},
                 1);
}

std::vector<IndexEntry> parse_index(std::string_view text, std::string_view what) {
  Json document = parse_json(text, what);
  return with_context(
      [&] {
        std::vector<IndexEntry> out;
        for (const Json* item : json::objects_at(document, "manifests"))
          out.push_back(entry_of(*item));
        return out;
      },
      "reading ", what);
}

std::string manifest_json(const Manifest& manifest) {
  Json layers = Json::array();
  for (const auto& layer : manifest.layers)
    layers.push_back(descriptor(layer_type, layer.digest, layer.size));
  return to_text(Json{{"schemaVersion", 2},
                      {"mediaType", manifest_type},
                      {"config", descriptor(config_type, manifest.config, manifest.config_size)},
                      {"layers", layers}});
}

Manifest parse_manifest(std::string_view text, std::string_view what) {
  Json document = parse_json(text, what);
  return with_context(
      [&] {
        const Json& config = json::required_object(document, "config");
        Manifest out{digest_at(config), json::required_size(config, "size")};
        for (const Json* layer : json::objects_at(document, "layers"))
          out.layers.push_back({digest_at(*layer), json::required_size(*layer, "size")});
        return out;
      },
      "reading ", what);
}

}  // namespace estiba::img
