#include "imgmgr/build/cache_directory.hpp"

#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/gzip_writer.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/layer_tar.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img::build {
namespace {

constexpr const char* steps_type = "application/vnd.estiba.buildcache.v1+json";

struct Blob {
  std::string digest;
  uint64_t size = 0;
};

std::string blob_path(const std::string& path, const std::string& digest) {
  return cat(path, "/blobs/sha256/", sha256_hex(digest));
}

std::string read_blob(const std::string& path, const std::string& digest) {
  std::string text = fs::read_all(blob_path(path, digest));
  if (cat("sha256:", Sha256::of(text)) != digest) throw Error(cat("its ", digest, " is damaged"));
  return text;
}

Json read_index(const std::string& path) {
  auto text = fs::read_if_exists(fs::join(path, "index.json"));
  if (!text) throw Error("there is no index.json in it");
  Json manifests = parse_json(*text, "its index.json").value("manifests", Json::array());
  if (!manifests.is_array() || manifests.empty()) throw Error("its index.json is empty");
  return manifests.front();
}

CachedSteps steps_of(const Json& config) {
  CachedSteps steps;
  for (const Json& step : config.at("steps")) {
    std::string diff_id = json::string_at(step, "diff_id").value_or("");
    if (!diff_id.empty()) sha256_hex(diff_id);
    steps[json::required_string(step, "key")] = {
        diff_id, json::required_string(step, "created"), {}};
  }
  return steps;
}

// The layer packed, in a file of its own beside the others; an unfinished one has another name.
Blob pack_layer(const Store& store, const std::string& path, const std::string& diff_id) {
  std::string unfinished = cat(path, "/blobs/sha256/packing-", sha256_hex(diff_id));
  UniqueFd out = sys::open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  Sha256 hash;
  Blob blob;
  GzipWriter gzip([&](std::string_view data) {
    hash.update(data);
    blob.size += data.size();
    sys::write_all(out, data, unfinished);
  });
  UniqueFd layer = sys::open(store.layer_dir(diff_id), O_RDONLY | O_DIRECTORY);
  write_layer_tar(layer, [&](std::string_view data) { gzip.write(data); });
  gzip.finish();
  blob.digest = cat("sha256:", hash.finish());
  sys::rename(unfinished, blob_path(path, blob.digest));
  return blob;
}

Blob put_blob(const std::string& path, const std::string& content) {
  Blob blob{cat("sha256:", Sha256::of(content)), content.size()};
  fs::write_atomic(blob_path(path, blob.digest), content, 0644);
  return blob;
}

Json descriptor(const char* type, const Blob& blob) {
  return {{"mediaType", type}, {"digest", blob.digest}, {"size", blob.size}};
}

// Layers that the directory has already, by diff id.
std::map<std::string, Blob> packed_layers(const std::string& path) {
  std::map<std::string, Blob> out;
  try {
    Json manifest = parse_json(read_blob(path, json::required_string(read_index(path), "digest")),
                               "its manifest");
    Json config = parse_json(
        read_blob(path, json::required_string(manifest.at("config"), "digest")), "its steps");
    const Json& diff_ids = config.at("diff_ids");
    for (size_t i = 0; i < diff_ids.size(); ++i) {
      const Json& layer = manifest.at("layers").at(i);
      Blob blob{json::required_string(layer, "digest"),
                static_cast<uint64_t>(json::required_int(layer, "size"))};
      auto status = sys::stat(blob_path(path, blob.digest));
      if (status && static_cast<uint64_t>(status->st_size) == blob.size)
        out[diff_ids[i].get<std::string>()] = blob;
    }
  } catch (const std::exception&) {
    out.clear();  // whatever else it holds is written anew
  }
  return out;
}

void remove_others(const std::string& path, const std::set<std::string>& kept) {
  std::string blobs = fs::join(path, "blobs/sha256");
  for (const auto& name : fs::list_dir(blobs))
    if (!kept.contains(cat("sha256:", name))) sys::unlink(fs::join(blobs, name));
}

}  // namespace

CacheDirectory CacheDirectory::read(const std::string& path) {
  return with_context(
      [&] {
        CacheDirectory out;
        out.path_ = path;
        Json manifest = parse_json(
            read_blob(path, json::required_string(read_index(path), "digest")), "its manifest");
        const Json& config = manifest.at("config");
        if (json::string_at(config, "mediaType") != steps_type)
          throw Error("another builder has filled it");
        Json steps = parse_json(read_blob(path, json::required_string(config, "digest")),
                                "its list of steps");
        out.steps_ = steps_of(steps);
        auto diff_ids = json::strings_at(steps, "diff_ids");
        for (size_t i = 0; i < diff_ids.size(); ++i)
          out.blobs_[diff_ids[i]] = json::required_string(manifest.at("layers").at(i), "digest");
        return out;
      },
      "the cache in ", path);
}

std::optional<CacheRecord> CacheDirectory::find(const std::string& key) const {
  auto found = steps_.find(key);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

void CacheDirectory::fetch(const Store& store, const std::string& diff_id,
                           const std::string& directory) const {
  with_context(
      [&] {
        auto blob = blobs_.find(diff_id);
        if (blob == blobs_.end()) throw Error(cat("it lacks layer ", diff_id));
        UniqueFd packed = sys::open(blob_path(path_, blob->second), O_RDONLY);
        UniqueFd root = sys::open(directory, O_RDONLY | O_DIRECTORY);
        TarStream stream(packed, blob->second);
        Extracted extracted = extract_layer(stream, root, {});
        if (std::string actual = stream.finish(); actual != diff_id)
          throw Error(cat("its layer ", diff_id, " is damaged: it is ", actual));
        store.add_layer(diff_id, directory, extracted.size);
      },
      "the cache in ", path_);
}

void write_cache_directory(const Store& store, const std::string& path, const CachedSteps& steps) {
  fs::make_dirs(fs::join(path, "blobs/sha256"), 0755);
  auto turn =
      fs::FileLock::acquire(fs::join(path, "index.json.lock"), fs::FileLock::Mode::exclusive);
  auto packed = packed_layers(path);
  std::set<std::string> kept;
  Json config{{"diff_ids", Json::array()}, {"steps", Json::array()}};
  Json layers = Json::array();
  std::set<std::string> written;
  for (const auto& [key, record] : steps) {
    config["steps"].push_back(
        {{"key", key}, {"diff_id", record.diff_id}, {"created", record.created}});
    if (record.diff_id.empty() || !written.insert(record.diff_id).second) continue;
    auto known = packed.find(record.diff_id);
    Blob blob = known == packed.end() ? pack_layer(store, path, record.diff_id) : known->second;
    config["diff_ids"].push_back(record.diff_id);
    layers.push_back(descriptor(media::oci_layer_gzip, blob));
    kept.insert(blob.digest);
  }
  Blob config_blob = put_blob(path, config.dump());
  Json manifest{{"schemaVersion", 2},
                {"mediaType", media::oci_manifest},
                {"config", descriptor(steps_type, config_blob)},
                {"layers", layers}};
  Blob manifest_blob = put_blob(path, manifest.dump());
  Json index{{"schemaVersion", 2},
             {"mediaType", media::oci_index},
             {"manifests", Json::array({descriptor(media::oci_manifest, manifest_blob)})}};
  fs::write_atomic(fs::join(path, "oci-layout"), R"({"imageLayoutVersion":"1.0.0"})", 0644);
  fs::write_atomic(fs::join(path, "index.json"), index.dump(), 0644);
  kept.insert({config_blob.digest, manifest_blob.digest});
  remove_others(path, kept);
}

}  // namespace estiba::img::build
