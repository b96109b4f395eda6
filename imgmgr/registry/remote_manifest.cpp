#include "imgmgr/registry/remote_manifest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "imgmgr/config_json.hpp"
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/import.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_media_type = 255;
constexpr std::string_view schema1 = "application/vnd.docker.distribution.manifest.v1";

// It becomes part of a header when the image is pushed on.
std::string media_type_at(const Json& object) {
  std::string out = json::string_at(object, "mediaType").value_or("");
  bool plain = std::all_of(out.begin(), out.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain || out.size() > max_media_type) throw Error("its \"mediaType\" is no media type");
  return out;
}

Descriptor descriptor_of(const Json& object) {
  return {media_type_at(object), Digest::required(json::required_string(object, "digest")),
          json::required_size(object, "size")};
}

Platform platform_of(const Json& entry) {
  const Json* found = json::object_at(entry, "platform");
  if (!found) return {};
  auto text = [&](const char* key) {
    std::string value = json::string_at(*found, key).value_or("");
    if (has_control_characters(value)) throw Error("a platform of it has a name with line breaks");
    return value;
  };
  return {text("os"), text("architecture"), text("variant")};
}

RemoteIndex index_of(const Json& document) {
  RemoteIndex out;
  for (const Json* entry : json::objects_at(document, "manifests"))
    out.entries.push_back({descriptor_of(*entry), platform_of(*entry)});
  return out;
}

RemoteManifest manifest_of(const Json& document) {
  RemoteManifest out{descriptor_of(json::required_object(document, "config"))};
  if (out.config.size > max_config_size) throw Error("its configuration is larger than 8 MiB");
  if (!document.contains("layers")) throw Error("it has no layers");
  auto layers = json::objects_at(document, "layers");
  if (layers.size() > max_layers) throw Error("it has more than 1000 layers");
  for (const Json* layer : layers) out.layers.push_back(descriptor_of(*layer));
  return out;
}

bool is_known_type(std::string_view type) {
  for (const char* known :
       {media::oci_manifest, media::oci_index, media::docker_manifest, media::docker_index})
    if (type == known) return true;
  return false;
}

// A document that is a manifest to one reader and an index to another (CVE-2021-41190) is neither.
RemoteDocument document_of(const Json& document, std::string_view content_type) {
  if (!document.is_object()) throw Error("it is no JSON object");
  std::string own = media_type_at(document);
  std::string type(text::trim(content_type.substr(0, content_type.find(';'))));
  if (own.starts_with(schema1) || type.starts_with(schema1) || document.contains("fsLayers"))
    throw Error("it is of the old schema 1, which is not supported; push the image anew");
  if (!own.empty() && is_known_type(type) && own != type)
    throw Error(cat("it calls itself ", own, ", and the registry calls it ", type));
  bool is_index = document.contains("manifests");
  if (is_index == document.contains("config"))
    throw Error("it is neither a manifest nor an index, or pretends to be both");
  if (is_index) return index_of(document);
  return manifest_of(document);
}

int variant_number(const Platform& platform) {
  // What is left out is the least of amd64, and the usual one of arm.
  std::string variant = platform.variant;
  if (variant.empty()) variant = platform.architecture == "arm" ? "v7" : "v1";
  if (!variant.starts_with('v')) return -1;
  return static_cast<int>(text::to_int(variant.substr(1)).value_or(-1));
}

// One spelling of each, so that they can be compared and shown (containerd's).
void normalize(Platform& platform) {
  std::string& architecture = platform.architecture;
  if (architecture == "x86_64" || architecture == "x86-64") architecture = "amd64";
  if (architecture == "aarch64") architecture = "arm64";
  if (architecture == "i386") architecture = "386";
  if (architecture == "arm" && platform.variant.empty()) platform.variant = "v7";
  if (architecture == "arm64" && platform.variant == "v8") platform.variant.clear();
  if (architecture == "amd64" && platform.variant == "v1") platform.variant.clear();
}

}  // namespace

std::string Platform::text() const {
  return cat(os, "/", architecture, variant.empty() ? "" : "/", variant);
}

Platform parse_platform(std::string_view text) {
  auto parts = text::split(text::lower(text), '/');
  Platform out{"linux", "", ""};
  if (parts.size() == 1) {
    out.architecture = parts[0] == "linux" ? host_architecture() : parts[0];
  } else if (parts.size() <= 3) {
    out = {parts[0], parts[1], parts.size() == 3 ? parts[2] : ""};
  }
  normalize(out);
  if (out.os.empty() || out.architecture.empty())
    throw Error(cat("\"", text, "\" is no platform; one is written as linux/arm64"));
  return out;
}

Platform host_platform_of_images() { return {"linux", host_architecture(), ""}; }

int platform_fit(const Platform& wanted, const Platform& offered) {
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return 0;
  if (wanted.architecture == "arm64") {
    bool same = wanted.variant.empty() || wanted.variant == offered.variant ||
                (wanted.variant == "v8" && offered.variant.empty());
    return same ? 1 : 0;
  }
  int limit = variant_number(wanted), variant = variant_number(offered);
  // Later variants run what was made for earlier ones.
  return variant < 0 || variant > limit ? 0 : 1 + variant;
}

RemoteDocument parse_remote_document(std::string_view text, std::string_view content_type) {
  return document_of(parse_json(text, "it"), content_type);
}

Descriptor select_platform(const RemoteIndex& index, const Platform& wanted) {
  const RemoteIndex::Entry* best = nullptr;
  int fit = 0;
  std::string offered;
  for (const auto& entry : index.entries) {
    int value = platform_fit(wanted, entry.platform);
    if (value > fit) {
      fit = value;
      best = &entry;
    }
    // "unknown/unknown" is what attestations stand under.
    if (!entry.platform.os.empty() && entry.platform.os != "unknown")
      offered += (offered.empty() ? "" : ", ") + entry.platform.text();
  }
  if (best) return best->manifest;
  // A list of one that does not say what it is for leaves no choice.
  if (index.entries.size() == 1 && index.entries.front().platform.os.empty())
    return index.entries.front().manifest;
  throw Error(cat("it is not made for ", wanted.text(), ", but for ",
                  offered.empty() ? "no known platform" : offered));
}

std::string manifest_accept_header() {
  return cat("Accept: ", media::oci_manifest, ", ", media::oci_index, ", ", media::docker_manifest,
             ", ", media::docker_index, ", */*;q=0.1");
}

}  // namespace estiba::img
