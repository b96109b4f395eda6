// ROOT/images/build-cache/HEX.json: what a build step made, by the hash of everything it depends
// on. Records keep their layers from being swept.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "imgmgr/digest.hpp"

namespace estiba::img {

struct CacheRecord {
  std::optional<Digest> diff_id;                   ///< none: the step changed no file
  std::string created;                             ///< RFC 3339
  std::chrono::system_clock::time_point stored{};  ///< when the record was written
};

class BuildCache {
 public:
  explicit BuildCache(std::string images_dir);

  /// `key` is 64 hexadecimal digits.
  std::optional<CacheRecord> find(const std::string& key) const;
  void put(const std::string& key, const CacheRecord& record) const;
  /// The diff ids of all records.
  std::vector<Digest> layers() const;
  size_t count() const;
  /// Forgets what no build has used for so long.
  void expire(std::chrono::hours unused) const;
  /// Forgets everything; the layers go with the next sweep.
  void clear() const;

 private:
  std::string path_;
};

}  // namespace estiba::img
