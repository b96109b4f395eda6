#include "imgmgr/registry/push.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "imgmgr/config_json.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/layer_push.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/upload.hpp"

namespace estiba::img {
namespace {

constexpr int interrupted = 130;

Json descriptor_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.text()},
          {"size", descriptor.size}};
}

struct Document {
  std::string text, type;
};

Document new_manifest(const Descriptor& config, const std::vector<PushedLayer>& layers) {
  Json list = Json::array();
  for (const auto& layer : layers) {
    Json item = descriptor_json(layer.blob);
    // A blob of Docker's keeps its content, and is called as OCI has it.
    item["mediaType"] = media::oci_layer_gzip;
    if (layer.blob.media_type.find("zstd") != std::string::npos)
      item["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd";
    if (layer.blob.media_type.ends_with("tar"))
      item["mediaType"] = "application/vnd.oci.image.layer.v1.tar";
    list.push_back(item);
  }
  Json out{{"schemaVersion", 2},
           {"mediaType", media::oci_manifest},
           {"config", descriptor_json(config)},
           {"layers", list}};
  return {to_text(out), media::oci_manifest};
}

class Push {
 public:
  Push(const Store& store, const Reference& reference, const TransferOptions& options)
      : store_(store),
        reference_(reference),
        options_(options),
        remote_(parts()),
        outer_stop_(options.stop, [this] { stop_.request_stop(); }) {}

  Transferred run() {
    auto held = store_.hold_layers();
    IndexEntry entry = find_entry();
    Digest config_id = store_.manifest(entry.manifest).config;
    ConfigFile config = store_.config(config_id);
    remote_.connect(client_);
    auto layers = push_layers(store_, remote_, config.diff_ids, options_, stop_);
    std::string config_text = config_of(config_id, config, layers);
    Descriptor config_blob = push_config(config_text);
    Document manifest = manifest_of(entry.manifest, config_blob, layers);
    Digest digest = put_manifest(manifest);
    remember(entry, digest);
    return {config_id.text(), digest.text(), true};
  }

 private:
  RemoteParts parts() const {
    Endpoint endpoint = main_endpoint(load_registries_conf(), reference_);
    return {endpoint, "pull,push", CredentialStore().find(endpoint.login), stop_.get_token()};
  }

  IndexEntry find_entry() const {
    for (const auto& entry : store_.index())
      if (entry.reference == reference_.full()) return entry;
    throw Error(cat("there is no image ", reference_.familiar(), " here"));
  }

  std::string config_of(const Digest& id, ConfigFile config,
                        const std::vector<PushedLayer>& layers) const {
    bool changed = false;
    for (size_t i = 0; i < layers.size(); ++i) {
      changed = changed || config.diff_ids[i] != layers[i].diff_id;
      config.diff_ids[i] = layers[i].diff_id;
    }
    return changed ? to_json(config) : store_.blob(id);
  }

  Descriptor push_config(const std::string& text) {
    Descriptor blob{media::oci_config, Digest::of(text), text.size()};
    if (has_blob(remote_, client_, blob.digest)) return blob;
    BlobReader reader = [&](char* buffer, size_t size, uint64_t offset) {
      size_t count = std::min<size_t>(size, text.size() - offset);
      std::memcpy(buffer, text.data() + offset, count);
      return count;
    };
    upload_blob(remote_, client_, blob, reader, [](uint64_t) {});
    return blob;
  }

  // The manifest as it was pulled, if it says the same as one made now would.
  Document manifest_of(const Digest& stored, const Descriptor& config,
                       const std::vector<PushedLayer>& layers) const {
    std::string text = store_.blob(stored);
    auto document = parse_remote_document(text, "");
    const auto* manifest = std::get_if<RemoteManifest>(&document);
    bool same = manifest && manifest->config.digest == config.digest &&
                manifest->layers.size() == layers.size();
    for (size_t i = 0; same && i < layers.size(); ++i)
      same = manifest->layers[i].digest == layers[i].blob.digest;
    if (!same) return new_manifest(config, layers);
    std::string type =
        json::string_at(parse_json(text, "a manifest"), "mediaType").value_or(media::oci_manifest);
    return {text, type};
  }

  Digest put_manifest(const Document& manifest) {
    RemoteRequest request{remote_.path(cat("manifests/", reference_.tag)), "PUT"};
    request.headers.push_back(cat("Content-Type: ", manifest.type));
    const std::string& text = manifest.text;
    request.body = HttpBody{[&text](char* buffer, size_t size, uint64_t offset) {
                              size_t count = std::min<size_t>(size, text.size() - offset);
                              std::memcpy(buffer, text.data() + offset, count);
                              return count;
                            },
                            text.size()};
    RemoteAnswer answer = remote_.send(client_, request);
    if (!answer.success() || !answer.http.failure.empty())
      remote_.refuse(answer, cat("tag \"", reference_.tag, "\""));
    return Digest::of(text);
  }

  void remember(IndexEntry entry, const Digest& digest) const {
    auto lock = store_.lock_for_writing();
    entry.reference = cat(reference_.registry, "/", reference_.repository, "@", digest);
    store_.write_index(with_reference(store_.index(), entry));
  }

  const Store& store_;
  const Reference& reference_;
  const TransferOptions& options_;
  std::stop_source stop_;
  Remote remote_;
  HttpClient client_;
  std::stop_callback<std::function<void()>> outer_stop_;
};

}  // namespace

Transferred push_image(const Store& store, const Reference& reference,
                       const TransferOptions& options) {
  if (!reference.digest.empty())
    throw Error(cat(reference.familiar(), " is named by a digest; what is pushed needs a tag"));
  try {
    return Push(store, reference, options).run();
  } catch (const Error&) {
    if (options.stop.stop_requested()) throw Error("interrupted", interrupted);
    throw;
  }
}

}  // namespace estiba::img
