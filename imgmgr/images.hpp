// The image store: content-addressed, layers unpacked once by diff id and shared; tags are atomic.
// Any process may open it; writers take a file lock.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "imgmgr/registry/transfer.hpp"

namespace estiba::img {

struct ImageHealthcheck {
  std::vector<std::string> test;
  std::chrono::nanoseconds interval{0}, timeout{0}, start_period{0},
      start_interval{0};  ///< 0: default
  int retries = 0;
};

/// The execution part of an OCI image configuration.
struct ImageConfig {
  std::string architecture, os, variant, created, author;
  std::string user, working_dir, stop_signal;
  std::vector<std::string> env, entrypoint, cmd, shell, onbuild;
  std::vector<std::string> exposed_ports, volumes;  ///< "80/tcp"; "/data"
  std::map<std::string, std::string> labels;
  std::optional<ImageHealthcheck> healthcheck;
};

/// One step of an image's making, as `history` shows it.
struct HistoryEntry {
  std::string created, created_by, comment;
  bool empty_layer = false;
};

struct ImageRecord {
  std::string id;                       ///< "sha256:" and the digest of the configuration blob
  std::vector<std::string> references;  ///< "docker.io/library/nginx:1.27" in full
  std::vector<std::string>
      digests;  ///< "docker.io/library/nginx@sha256:...": as registries have it
  ImageConfig config;
  std::vector<std::string> diff_ids;    ///< lowest first
  std::vector<std::string> layer_dirs;  ///< unpacked, topmost first: overlay's lowerdir order
  uint64_t size = 0;                    ///< bytes of the unpacked layers
  std::vector<uint64_t> layer_sizes;    ///< of each diff id
  std::vector<HistoryEntry> history;    ///< oldest first
};

/// "nginx" → {docker.io, library/nginx, latest, ""}.
struct Reference {
  std::string registry, repository, tag, digest;
  std::string full() const;
  /// What the store knows it by: as full(), but a digest makes the tag meaningless.
  std::string key() const;
  /// As people write it: "nginx:latest", "bench/busybox:latest".
  std::string familiar() const;
  /// What its manifest is asked for by.
  const std::string& tag_or_digest() const { return digest.empty() ? tag : digest; }
  /// Nothing if it is not a valid reference.
  static std::optional<Reference> parse(const std::string& text);
};

/// One line of progress at a time: "fetching packages", 0.4 (a fraction, or negative: unknown).
using Progress = std::function<void(const std::string& what, double fraction)>;

/// What a container has made of its image, as an image of its own.
struct CommitRequest {
  std::string image_id;              ///< what the container was made from
  std::string upper;                 ///< its writable layer
  std::string reference;             ///< empty: none
  std::string author, message;       ///< the image's own author does not count
  std::vector<std::string> changes;  ///< Dockerfile instructions
  /// The container's own configuration, which `changes` begin with. Nothing: its image's.
  std::optional<ImageConfig> config;
};

/// What the builder remembers beyond the images' own layers.
struct BuildCacheUse {
  size_t steps = 0;
  size_t layers = 0;  ///< that no image has
  uint64_t size = 0;  ///< of those
};

/// Both of the forms that `load` reads: with manifest.json for Docker beside the OCI layout, or the
/// OCI layout alone.
enum class SaveFormat { docker, oci };

class Images {
 public:
  explicit Images(std::string state_dir);
  ~Images();

  /// By reference, id, or unique id prefix.
  std::optional<ImageRecord> find(const std::string& reference) const;
  std::vector<ImageRecord> list() const;

  /// docker import: a root filesystem tar (plain, gzip, zstd, xz, bzip2; "-" for standard input)
  /// becomes an image of one layer. `changes` are Dockerfile instructions (CMD, ENV, ...). Returns
  /// its id.
  std::string import(const std::string& file, const std::string& reference,
                     const std::vector<std::string>& changes, const std::string& message,
                     const Progress& progress);
  /// Makes a Debian base image with mmdebstrap from the mirror that the host's apt uses.
  std::string bootstrap(const std::string& reference, const std::vector<std::string>& packages,
                        const Progress& progress);
  void tag(const std::string& reference, const std::string& new_reference);
  /// Removes a reference; with the last one (or by id) the image, and layers nobody else has.
  /// Returns what went: "Untagged: ...", "Deleted: sha256:...". `in_use` ids are refused unless
  /// force.
  std::vector<std::string> remove(const std::string& reference,
                                  const std::vector<std::string>& in_use, bool force);

  /// docker save: a tar of these images to a file ("-": standard output). References given keep
  /// their names, ids none.
  void save(const std::vector<std::string>& references, const std::string& file,
            SaveFormat format) const;
  /// docker export: a container's files, without what is mounted into it, as one plain tar.
  void export_files(const std::string& image_id, const std::string& upper,
                    const std::string& file) const;
  /// docker commit. Returns the new image's id.
  std::string commit(const CommitRequest& request);
  BuildCacheUse build_cache() const;
  /// docker load, of Docker's and OCI's archives, compressed or not. Returns the names loaded.
  std::vector<std::string> load(const std::string& file, const Progress& progress);
  /// Removes images: those without a name, or all that `in_use` does not list. Returns as remove().
  enum class Prune { unnamed, unused };
  std::vector<std::string> prune(Prune which, const std::vector<std::string>& in_use);

  /// Fetches an image from its registry, or a mirror of it (docs/registries.md).
  Transferred pull(const std::string& reference, const TransferOptions& options);
  /// Sends an image to the registry that its name tells.
  Transferred push(const std::string& reference, const TransferOptions& options);
  /// When a registry was last asked what the reference means; nothing if it never was.
  std::optional<WallTime> last_pulled(const std::string& reference) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estiba::img
