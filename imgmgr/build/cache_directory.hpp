// Steps and their layers in a directory, to be carried elsewhere (cache_to and cache_from of
// type=local). An OCI image layout: the manifest's layers are the layers, compressed, and its
// configuration says which step made which of them. Of a directory that another builder has filled
// nothing can be used, for it knows its steps by other things.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "imgmgr/build_cache.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img::build {

/// What steps have made, by their keys.
using CachedSteps = std::map<std::string, CacheRecord>;

class CacheDirectory {
 public:
  /// An Error says why there is nothing to be had from it.
  static CacheDirectory read(const std::string& path);

  std::optional<CacheRecord> find(const std::string& key) const;
  /// Unpacks a layer into `directory` and adds it to the store. An Error if it is damaged.
  void fetch(const Store& store, const Digest& diff_id, const std::string& directory) const;

 private:
  std::string path_;
  CachedSteps steps_;
  std::map<Digest, Digest> blobs_;  ///< diff id → digest of what it is packed in
};

/// Makes the directory hold these steps and their layers, and nothing else. Layers that it has are
/// not packed again; readers see the old content or the new.
void write_cache_directory(const Store& store, const std::string& path, const CachedSteps& steps);

}  // namespace estiba::img::build
