#include "imgmgr/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/build_cache.hpp"
#include "imgmgr/config_bounds.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/settling.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_blob_size = size_t{8} << 20;
// Steps that no build has used for a month give their layers back.
constexpr std::chrono::hours cache_lifetime{24 * 30};

using fs::FileLock;

}  // namespace

WorkDir::~WorkDir() {
  if (path_.empty()) return;
  try {
    fs::remove_tree(path_);
  } catch (const Error& error) {
    log::debug(error.message());  // the next writer sweeps it
  }
}

Store::Store(std::string state_dir) : path_(fs::join(state_dir, "images")) {}

FileLock Store::lock_for_writing() const {
  fs::make_dirs(path_, 0700);
  return FileLock::acquire(fs::join(path_, "lock"), FileLock::Mode::exclusive);
}

FileLock Store::hold_layers() const {
  fs::make_dirs(path_, 0700);
  return FileLock::acquire(fs::join(path_, "layers.lock"), FileLock::Mode::shared);
}

std::vector<IndexEntry> Store::index() const {
  auto text = fs::read_if_exists(fs::join(path_, "index.json"));
  return text ? parse_index(*text, "the image store's index.json") : std::vector<IndexEntry>{};
}

void Store::write_index(const std::vector<IndexEntry>& entries) const {
  std::string layout = fs::join(path_, "oci-layout");
  if (!fs::exists(layout)) fs::write_atomic(layout, R"({"imageLayoutVersion":"1.0.0"})");
  fs::write_atomic(fs::join(path_, "index.json"), index_json(entries));
}

std::string Store::place(std::string_view kind, const Digest& digest) const {
  return cat(path_, "/", kind, "/sha256/", digest.hex());
}

std::string Store::blob(const Digest& digest) const {
  std::string path = place("blobs", digest);
  std::string content = fs::read_all(path, max_blob_size);
  if (Digest::of(content) != digest)
    throw Error(cat("the file ", path, " is damaged: its content does not match its name"));
  return content;
}

Digest Store::put_blob(std::string_view content) const {
  Digest digest = Digest::of(content);
  std::string path = place("blobs", digest);
  // One that a crash has torn is written again.
  if (fs::read_if_exists(path, max_blob_size) == content) return digest;
  fs::make_dirs(fs::parent_path(path), 0700);
  fs::write_atomic(path, content, 0600, fs::Durability::relaxed);
  return digest;
}

Manifest Store::manifest(const Digest& digest) const {
  return parse_manifest(blob(digest), "a manifest of the image store");
}

ConfigFile Store::config(const Digest& digest) const {
  return parse_config(blob(digest), cat("image ", digest));
}

// What a digest names never changes: it is read and verified once.
std::shared_ptr<const StoredImage> Store::parsed(const Digest& digest) const {
  std::lock_guard lock(parsed_->mutex);
  auto& known = parsed_->images[digest];
  if (known) return known;
  Manifest read = manifest(digest);
  known = std::make_shared<const StoredImage>(StoredImage{read, config(read.config)});
  return known;
}

std::shared_ptr<const StoredImage> Store::described(const IndexEntry& entry) const {
  try {
    return parsed(entry.manifest);
  } catch (const Error& error) {
    // Not readable for now is something else than not there.
    if (error.code() != 0 && error.code() != ENOENT) throw;
    return nullptr;
  }
}

std::shared_ptr<const StoredImage> Store::readable(const IndexEntry& entry) const {
  auto out = described(entry);
  if (!out) return nullptr;
  for (const auto& diff_id : out->file.diff_ids)
    if (!has_layer(diff_id)) return nullptr;
  return out;
}

WorkDir Store::make_work_dir() const {
  // Under the lock, or a sweep could meet the directory before its own lock is held.
  FileLock writing = lock_for_writing();
  std::string parent = fs::join(path_, "tmp");
  fs::make_spread_dir(parent);
  std::string path = fs::join(parent, text::random_hex(16));
  fs::make_dirs(path, 0700);
  return {path, FileLock::acquire(fs::join(path, "lock"), FileLock::Mode::exclusive)};
}

bool Store::has_layer(const Digest& diff_id) const { return is_whole(place("layers", diff_id)); }

std::string Store::layer_dir(const Digest& diff_id) const {
  return cat(place("layers", diff_id), "/fs");
}

std::vector<std::string> Store::layer_dirs(const std::vector<Digest>& diff_ids) const {
  std::vector<std::string> out;
  std::set<Digest> seen;
  for (auto diff_id = diff_ids.rbegin(); diff_id != diff_ids.rend(); ++diff_id)
    if (seen.insert(*diff_id).second) out.push_back(layer_dir(*diff_id));
  return out;
}

uint64_t Store::layer_size(const Digest& diff_id) const {
  std::string path = cat(place("layers", diff_id), "/layer.json");
  Json document = parse_json(fs::read_all(path), path);
  return json::required_size(document, "size");
}

void Store::add_layer(const Digest& diff_id, const std::string& unpacked, uint64_t size) const {
  std::string target = place("layers", diff_id);
  if (is_whole(target)) return;
  fs::make_dirs(fs::parent_path(target), 0700);
  // Complete beside its content first, so that the rename makes all of it appear at once.
  std::string whole = cat(unpacked, ".layer");
  fs::make_dirs(whole, 0700);
  mark_unsettled(whole);
  fs::write_atomic(fs::join(whole, "layer.json"), Json{{"size", size}}.dump(), 0600,
                   fs::Durability::relaxed);
  sys::rename(unpacked, fs::join(whole, "fs"));
  if (::rename(whole.c_str(), target.c_str()) == 0) return;
  if (errno != EEXIST && errno != ENOTEMPTY) throw Error{"rename", target, Errno{errno}};
  replace_torn(target, whole);
}

// What is in the way was made by another writer meanwhile and stays, or is what a crash has left.
void Store::replace_torn(const std::string& target, const std::string& whole) const {
  FileLock replacing =
      FileLock::acquire(fs::join(path_, "replace.lock"), FileLock::Mode::exclusive);
  if (is_whole(target)) return;
  if (::renameat2(AT_FDCWD, whole.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0)
    throw Error{"rename", target, Errno{errno}};
}

Digest Store::add_image(const ConfigFile& file, const std::string& reference) const {
  with_context([&] { check_bounds(file); },
               reference.empty() ? "the new image" : cat("image ", reference));
  std::string config = to_json(file);
  Manifest manifest{put_blob(config), config.size()};
  for (const auto& diff_id : file.diff_ids)
    manifest.layers.push_back({diff_id, layer_size(diff_id)});
  std::string text = manifest_json(manifest);
  IndexEntry entry{reference, put_blob(text), text.size()};
  auto before = index();
  if (std::find(before.begin(), before.end(), entry) == before.end())
    write_index(with_reference(before, entry));
  settle_later(layers_dir());
  return manifest.config;
}

Digest Store::add_pulled_image(std::string_view config, std::string_view manifest,
                               const std::vector<std::string>& references) const {
  Digest id = put_blob(config);
  IndexEntry entry{"", put_blob(manifest), manifest.size(), format_rfc3339(wall_now())};
  auto entries = index();
  for (const auto& reference : references) {
    entry.reference = reference;
    entries = with_reference(std::move(entries), entry);
  }
  write_index(entries);
  settle_later(layers_dir());
  return id;
}

std::string Store::layers_dir() const { return fs::join(path_, "layers/sha256"); }

void Store::sweep() const {
  // What cannot be read now (a damaged manifest) must not keep anybody from writing.
  try {
    sweep_work_dirs();
    sweep_unreachable();
  } catch (const Error& error) {
    log::debug(error.message());
  }
}

void Store::sweep_work_dirs() const {
  std::string parent = fs::join(path_, "tmp");
  for (const auto& name : fs::list_dir(parent)) {
    std::string path = fs::join(parent, name);
    if (!FileLock::try_acquire(fs::join(path, "lock"), FileLock::Mode::exclusive)) continue;
    detach_mounts_beneath(path);
    fs::remove_tree(path);
  }
}

void Store::sweep_unreachable() const {
  auto unused = FileLock::try_acquire(fs::join(path_, "layers.lock"), FileLock::Mode::exclusive);
  if (!unused) return;
  std::set<std::string> blobs, layers;
  for (const auto& entry : index()) {
    auto image = readable(entry);
    if (!image) continue;
    blobs.insert({entry.manifest.hex(), image->manifest.config.hex()});
    for (const auto& diff_id : image->file.diff_ids) layers.insert(diff_id.hex());
  }
  BuildCache cache(path_);
  cache.expire(cache_lifetime);
  for (const auto& diff_id : cache.layers()) layers.insert(diff_id.hex());
  auto remove_others = [this](const char* kind, const std::set<std::string>& kept) {
    std::string parent = cat(path_, "/", kind, "/sha256");
    for (const auto& name : fs::list_dir(parent))
      if (!kept.contains(name)) fs::remove_tree(fs::join(parent, name));
  };
  remove_others("layers", layers);
  remove_others("blobs", blobs);
}

std::vector<IndexEntry> with_reference(std::vector<IndexEntry> entries, const IndexEntry& added) {
  auto means = [](const Digest& manifest) {
    return [&manifest](const IndexEntry& entry) { return entry.manifest == manifest; };
  };
  auto same_name = [&](const IndexEntry& entry) {
    return !added.reference.empty() && entry.reference == added.reference;
  };
  auto old = std::find_if(entries.begin(), entries.end(), same_name);
  if (old != entries.end()) {
    Digest loser = old->manifest;
    uint64_t size = old->manifest_size;
    entries.erase(old);
    if (loser != added.manifest && std::none_of(entries.begin(), entries.end(), means(loser)))
      entries.push_back({"", loser, size});
  }
  bool known = std::any_of(entries.begin(), entries.end(), means(added.manifest));
  if (added.reference.empty() && known) return entries;
  std::erase_if(entries, [&](const IndexEntry& entry) {
    return entry.reference.empty() && entry.manifest == added.manifest;
  });
  entries.push_back(added);
  return entries;
}

}  // namespace estiba::img
