#include "imgmgr/build_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"

namespace estiba::img {
namespace {

// A record that cannot be read is a step that has to run again, nothing worse.
std::optional<CacheRecord> read_record(const std::string& path) {
  auto text = fs::read_if_exists(path);
  if (!text) return std::nullopt;
  try {
    Json document = parse_json(*text, path);
    std::chrono::nanoseconds stored{json::int_at(document, "stored").value_or(0)};
    std::string diff_id = json::string_at(document, "diff_id").value_or("");
    return CacheRecord{diff_id.empty() ? std::nullopt : std::optional(Digest::required(diff_id)),
                       json::string_at(document, "created").value_or(""),
                       std::chrono::system_clock::time_point{stored}};
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

BuildCache::BuildCache(std::string images_dir) : path_(fs::join(images_dir, "build-cache")) {}

std::optional<CacheRecord> BuildCache::find(const std::string& key) const {
  std::string path = cat(path_, "/", key, ".json");
  auto record = read_record(path);
  // The time of the last use, for expire().
  if (record) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return record;
}

void BuildCache::expire(std::chrono::hours unused) const {
  auto oldest = std::chrono::system_clock::now() - unused;
  for (const auto& name : fs::list_dir(path_)) {
    std::string path = fs::join(path_, name);
    auto status = sys::lstat(path);
    if (status && std::chrono::system_clock::from_time_t(status->st_mtime) < oldest)
      sys::unlink(path);
  }
}

void BuildCache::put(const std::string& key, const CacheRecord& record) const {
  fs::make_dirs(path_, 0700);
  auto now = std::chrono::system_clock::now().time_since_epoch();
  Json document{{"diff_id", record.diff_id ? record.diff_id->text() : ""},
                {"created", record.created},
                {"stored", std::chrono::nanoseconds(now).count()}};
  fs::write_atomic(cat(path_, "/", key, ".json"), to_text(document), 0600, fs::Durability::relaxed);
}

std::vector<Digest> BuildCache::layers() const {
  std::vector<Digest> out;
  for (const auto& name : fs::list_dir(path_)) {
    auto record = read_record(fs::join(path_, name));
    if (record && record->diff_id) out.push_back(*record->diff_id);
  }
  return out;
}

size_t BuildCache::count() const { return fs::list_dir(path_).size(); }

void BuildCache::clear() const { fs::remove_tree(path_); }

}  // namespace estiba::img
