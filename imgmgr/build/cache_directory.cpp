#include "imgmgr/build/cache_directory.hpp"

#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "imgmgr/gzip_writer.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/layer_tar.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img::build {
namespace {

constexpr const char* steps_type = "application/vnd.estiba.buildcache.v1+json";

struct Blob {
  Digest digest;
  uint64_t size = 0;
};

std::string blob_path(const std::string& path, const Digest& digest) {
  return cat(path, "/blobs/sha256/", digest.hex());
}

std::string read_blob(const std::string& path, const Digest& digest) {
  std::string text = fs::read_all(blob_path(path, digest));
  if (Digest::of(text) != digest) throw Error(cat("its ", digest, " is damaged"));
  return text;
}

Digest digest_at(const Json& object) {
  return Digest::required(json::required_string(object, "digest"));
}

CachedSteps steps_of(const Json& config) {
  CachedSteps steps;
  for (const Json* step : json::objects_at(config, "steps")) {
    std::string diff_id = json::string_at(*step, "diff_id").value_or("");
    auto digest = diff_id.empty() ? std::nullopt : std::optional(Digest::required(diff_id));
    steps[json::required_string(*step, "key")] = {
        digest, json::required_string(*step, "created"), {}};
  }
  return steps;
}

/// What a directory says of itself: its steps, and what each of their layers is packed in.
struct Contents {
  CachedSteps steps;
  std::map<Digest, Blob> layers;
};

Contents read_contents(const std::string& path) {
  auto text = fs::read_if_exists(fs::join(path, "index.json"));
  if (!text) throw Error("there is no index.json in it");
  auto manifests = parse_index(*text, "its index.json");
  if (manifests.empty()) throw Error("its index.json is empty");
  Json manifest = parse_json(read_blob(path, manifests.front().manifest), "its manifest");
  const Json& config = json::required_object(manifest, "config");
  if (json::string_at(config, "mediaType") != steps_type)
    throw Error("another builder has filled it");
  Json steps = parse_json(read_blob(path, digest_at(config)), "its list of steps");
  Contents out{steps_of(steps), {}};
  auto diff_ids = json::strings_at(steps, "diff_ids");
  auto layers = json::objects_at(manifest, "layers");
  if (diff_ids.size() != layers.size()) throw Error("it has more or fewer layers than it says");
  for (size_t i = 0; i < layers.size(); ++i)
    out.layers.insert({Digest::required(diff_ids[i]),
                       {digest_at(*layers[i]), json::required_size(*layers[i], "size")}});
  return out;
}

// The layer packed, in a file of its own beside the others; an unfinished one has another name.
Blob pack_layer(const Store& store, const std::string& path, const Digest& diff_id) {
  std::string unfinished = cat(path, "/blobs/sha256/packing-", diff_id.hex());
  UniqueFd out = sys::open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  Sha256 hash;
  uint64_t size = 0;
  GzipWriter gzip([&](std::string_view data) {
    hash.update(data);
    size += data.size();
    sys::write_all(out, data, unfinished);
  });
  UniqueFd layer = sys::open(store.layer_dir(diff_id), O_RDONLY | O_DIRECTORY);
  write_layer_tar(layer, [&](std::string_view data) { gzip.write(data); });
  gzip.finish();
  Blob blob{Digest::of(hash), size};
  sys::rename(unfinished, blob_path(path, blob.digest));
  return blob;
}

Blob put_blob(const std::string& path, const std::string& content) {
  Blob blob{Digest::of(content), content.size()};
  fs::write_atomic(blob_path(path, blob.digest), content, 0644);
  return blob;
}

Json descriptor(const char* type, const Blob& blob) {
  return {{"mediaType", type}, {"digest", blob.digest.text()}, {"size", blob.size}};
}

// Layers that the directory has already, by diff id.
std::map<Digest, Blob> packed_layers(const std::string& path) {
  std::map<Digest, Blob> out;
  try {
    out = read_contents(path).layers;
    std::erase_if(out, [&](const auto& item) {
      auto status = sys::stat(blob_path(path, item.second.digest));
      return !status || static_cast<uint64_t>(status->st_size) != item.second.size;
    });
  } catch (const Error&) {
    out.clear();  // whatever else it holds is written anew
  }
  return out;
}

void remove_others(const std::string& path, const std::set<Digest>& kept) {
  std::string blobs = fs::join(path, "blobs/sha256");
  for (const auto& name : fs::list_dir(blobs))
    if (auto digest = Digest::parse(cat("sha256:", name)); !digest || !kept.contains(*digest))
      sys::unlink(fs::join(blobs, name));
}

}  // namespace

CacheDirectory CacheDirectory::read(const std::string& path) {
  return with_context(
      [&] {
        CacheDirectory out;
        out.path_ = path;
        Contents contents = read_contents(path);
        out.steps_ = std::move(contents.steps);
        for (const auto& [diff_id, blob] : contents.layers)
          out.blobs_.insert({diff_id, blob.digest});
        return out;
      },
      "the cache in ", path);
}

std::optional<CacheRecord> CacheDirectory::find(const std::string& key) const {
  auto found = steps_.find(key);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

void CacheDirectory::fetch(const Store& store, const Digest& diff_id,
                           const std::string& directory) const {
  with_context(
      [&] {
        auto blob = blobs_.find(diff_id);
        if (blob == blobs_.end()) throw Error(cat("it lacks layer ", diff_id));
        UniqueFd packed = sys::open(blob_path(path_, blob->second), O_RDONLY);
        UniqueFd root = sys::open(directory, O_RDONLY | O_DIRECTORY);
        TarStream stream(packed, blob->second.text());
        Extracted extracted = extract_layer(stream, root, {});
        if (Digest actual = stream.finish(); actual != diff_id)
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
  std::set<Digest> kept;
  Json config{{"diff_ids", Json::array()}, {"steps", Json::array()}};
  Json layers = Json::array();
  std::set<Digest> written;
  for (const auto& [key, record] : steps) {
    std::string diff_id = record.diff_id ? record.diff_id->text() : "";
    config["steps"].push_back({{"key", key}, {"diff_id", diff_id}, {"created", record.created}});
    if (!record.diff_id || !written.insert(*record.diff_id).second) continue;
    auto known = packed.find(*record.diff_id);
    Blob blob = known == packed.end() ? pack_layer(store, path, *record.diff_id) : known->second;
    config["diff_ids"].push_back(diff_id);
    layers.push_back(descriptor(media::oci_layer_gzip, blob));
    kept.insert(blob.digest);
  }
  Blob config_blob = put_blob(path, to_text(config));
  Json manifest{{"schemaVersion", 2},
                {"mediaType", media::oci_manifest},
                {"config", descriptor(steps_type, config_blob)},
                {"layers", layers}};
  Blob manifest_blob = put_blob(path, to_text(manifest));
  Json index{{"schemaVersion", 2},
             {"mediaType", media::oci_index},
             {"manifests", Json::array({descriptor(media::oci_manifest, manifest_blob)})}};
  fs::write_atomic(fs::join(path, "oci-layout"), R"({"imageLayoutVersion":"1.0.0"})", 0644);
  fs::write_atomic(fs::join(path, "index.json"), to_text(index), 0644);
  kept.insert({config_blob.digest, manifest_blob.digest});
  remove_others(path, kept);
}

}  // namespace estiba::img::build
