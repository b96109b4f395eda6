// Manifests and indexes as registries send them, of OCI and of Docker (schema 2). Pure: what is
// fetched, and from where, is decided in pull.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "imgmgr/digest.hpp"

namespace estiba::img {

constexpr size_t max_manifest_size = size_t{4} << 20;
constexpr size_t max_config_size = size_t{8} << 20;

struct Platform {
  std::string os, architecture, variant;
  std::string text() const;  ///< "linux/arm64/v8"
  bool operator==(const Platform&) const = default;
};

/// "linux/amd64", "linux/arm/v7", "arm64", "linux". An Error if it is none.
Platform parse_platform(std::string_view text);
Platform host_platform_of_images();
/// How well what an index offers serves what is wanted: 0 not at all, else the greater the better.
int platform_fit(const Platform& wanted, const Platform& offered);

struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;
};

struct RemoteManifest {
  Descriptor config;
  std::vector<Descriptor> layers = {};  ///< lowest first
};

struct RemoteIndex {
  struct Entry {
    Descriptor manifest;
    Platform platform;
  };
  std::vector<Entry> entries;
};

using RemoteDocument = std::variant<RemoteManifest, RemoteIndex>;

/// `content_type` is what the registry calls it. An Error says what is wrong with it.
RemoteDocument parse_remote_document(std::string_view text, std::string_view content_type);
/// An Error lists what there is instead.
Descriptor select_platform(const RemoteIndex& index, const Platform& wanted);

/// "Accept: ..." for every kind that is understood.
std::string manifest_accept_header();

namespace media {
constexpr const char* oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";
constexpr const char* oci_config = "application/vnd.oci.image.config.v1+json";
constexpr const char* oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr const char* docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr const char* docker_index = "application/vnd.docker.distribution.manifest.list.v2+json";
}  // namespace media

}  // namespace estiba::img
