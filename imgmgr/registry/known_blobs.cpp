#include "imgmgr/registry/known_blobs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_blobs = 8, max_sources = 8;

std::string file_of(const Store& store, const Digest& layer) {
  return fs::join(fs::parent_path(store.layer_dir(layer)), "blobs.json");
}

KnownBlob parse(const Json& item) {
  return {
      {json::required_string(item, "mediaType"),
       Digest::required(json::required_string(item, "digest")), json::required_size(item, "size")},
      Digest::required(json::required_string(item, "diffId")),
      json::strings_at(item, "sources")};
}

Json to_json_value(const KnownBlob& known) {
  return {{"mediaType", known.blob.media_type},
          {"digest", known.blob.digest.text()},
          {"size", known.blob.size},
          {"diffId", known.diff_id.text()},
          {"sources", known.sources}};
}

template <typename T>
void cut(std::vector<T>& list, size_t limit) {
  if (list.size() > limit)
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
}

}  // namespace

std::vector<KnownBlob> known_blobs(const Store& store, const Digest& layer) {
  std::vector<KnownBlob> out;
  try {
    auto text = fs::read_if_exists(file_of(store, layer));
    if (!text) return {};
    for (const auto& item : parse_json(*text, "blobs.json")) out.push_back(parse(item));
  } catch (const Error& error) {
    log::debug(error.message());  // all it costs is that the blob is made anew
    return {};
  }
  return out;
}

void remember_blob(const Store& store, const Digest& layer, const KnownBlob& blob) {
  auto known = known_blobs(store, layer);
  KnownBlob newest = blob;
  auto same = std::find_if(known.begin(), known.end(), [&](const KnownBlob& item) {
    return item.blob.digest == blob.blob.digest;
  });
  if (same != known.end()) {
    for (const auto& source : same->sources)
      if (std::find(newest.sources.begin(), newest.sources.end(), source) == newest.sources.end())
        newest.sources.push_back(source);
    known.erase(same);
  }
  cut(newest.sources, max_sources);
  known.insert(known.begin(), newest);
  cut(known, max_blobs);
  Json list = Json::array();
  for (const auto& item : known) list.push_back(to_json_value(item));
  fs::write_atomic(file_of(store, layer), to_text(list), 0600, fs::Durability::relaxed);
}

}  // namespace estiba::img
