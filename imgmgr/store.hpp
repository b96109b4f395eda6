// ROOT/images on disk. An OCI image layout whose layers are kept unpacked:
//   index.json                 which images and references exist; the only file ever replaced
//   blobs/sha256/HEX           manifests and configurations
//   layers/sha256/HEX/fs       a layer by its diff id, in overlay's form; layer.json beside it
//   tmp/NAME                   an import or build under way; its owner holds a flock on its `lock`
// What index.json does not lead to does not exist, and the next writer sweeps it away. Nobody waits
// for the disk but for index.json: a crash can tear a blob, which does not match its digest then,
// or a layer, which carries its mark still (settling.hpp). An image with such parts is not there.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "imgmgr/config_json.hpp"

namespace estiba::img {

/// A reference in full, or "" once for an image that has none, and the manifest it means.
struct IndexEntry {
  std::string reference;
  Digest manifest;
  uint64_t manifest_size = 0;
  std::string pulled = {};  ///< RFC 3339: when a registry last said that the reference means this
  bool operator==(const IndexEntry&) const = default;
};

struct LayerDescriptor {
  Digest digest;  ///< the diff id, while no compressed blob is known
  uint64_t size = 0;
};

struct Manifest {
  Digest config;  ///< the image's id
  uint64_t config_size = 0;
  std::vector<LayerDescriptor> layers = {};  ///< lowest first
};

struct StoredImage {
  Manifest manifest;
  ConfigFile file;
};

/// A directory of its own beneath tmp/, removed with its owner unless its content was taken.
class WorkDir {
 public:
  WorkDir(std::string path, fs::FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  WorkDir(WorkDir&&) = default;
  WorkDir& operator=(WorkDir&&) = delete;
  ~WorkDir();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  fs::FileLock lock_;
};

class Store {
 public:
  explicit Store(std::string state_dir);

  /// Held while index.json is replaced, and while anything is swept.
  fs::FileLock lock_for_writing() const;
  /// Held by builds, so that no layer they stand on is swept beneath them.
  fs::FileLock hold_layers() const;

  std::vector<IndexEntry> index() const;
  void write_index(const std::vector<IndexEntry>& entries) const;

  std::string blob(const Digest& digest) const;
  /// Under the lock, or a sweep could take it before it is named. Returns its digest.
  Digest put_blob(std::string_view content) const;

  Manifest manifest(const Digest& digest) const;
  ConfigFile config(const Digest& digest) const;
  /// Null if its manifest or configuration is damaged.
  std::shared_ptr<const StoredImage> described(const IndexEntry& entry) const;
  /// Null if it is damaged or lacks a layer: it does not count.
  std::shared_ptr<const StoredImage> readable(const IndexEntry& entry) const;

  /// To be called without the lock.
  WorkDir make_work_dir() const;
  bool has_layer(const Digest& diff_id) const;
  std::string layer_dir(const Digest& diff_id) const;
  /// Of these layers, lowest first, the directories to stack, topmost first. One that occurs twice
  /// is stacked once, for overlay takes none twice: the upper one hides all that the lower one
  /// does.
  std::vector<std::string> layer_dirs(const std::vector<Digest>& diff_ids) const;
  uint64_t layer_size(const Digest& diff_id) const;
  /// Moves an unpacked directory into its place; one that is there already, and whole, stays.
  void add_layer(const Digest& diff_id, const std::string& unpacked, uint64_t size) const;

  /// Under the lock: registers the image for the reference ("": none). Returns its id.
  Digest add_image(const ConfigFile& file, const std::string& reference) const;
  /// Under the lock: registers an image byte by byte as it came, for each of the references, as
  /// pulled now. Returns its id.
  Digest add_pulled_image(std::string_view config, std::string_view manifest,
                          const std::vector<std::string>& references) const;
  /// Under the lock: removes work directories without an owner, and blobs and layers that nothing
  /// leads to.
  void sweep() const;

  const std::string& path() const { return path_; }

 private:
  std::string place(std::string_view kind, const Digest& digest) const;
  std::shared_ptr<const StoredImage> parsed(const Digest& digest) const;
  std::string layers_dir() const;
  void replace_torn(const std::string& target, const std::string& whole) const;
  void sweep_work_dirs() const;
  void sweep_unreachable() const;

  struct Parsed {
    std::mutex mutex;
    std::map<Digest, std::shared_ptr<const StoredImage>> images;  ///< by their manifest's digest
  };
  std::string path_;
  std::shared_ptr<Parsed> parsed_ = std::make_shared<Parsed>();
};

/// What an index looks like once the reference means this manifest: an image that loses its last
/// reference stays, without one.
std::vector<IndexEntry> with_reference(std::vector<IndexEntry> entries, const IndexEntry& added);

}  // namespace estiba::img
