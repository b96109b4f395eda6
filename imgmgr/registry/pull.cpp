#include "imgmgr/registry/pull.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "imgmgr/config_json.hpp"
#include "imgmgr/registry/blob_fetch.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/layer_pull.hpp"
#include "imgmgr/registry/manifest_fetch.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {
namespace {

// An index may lead to another one, as some tools make them, but not on and on.
constexpr int max_index_depth = 2;
constexpr int interrupted = 130;

class Pull {
 public:
  Pull(const Store& store, const Reference& reference, const TransferOptions& options,
       const Endpoint& endpoint)
      : store_(store),
        reference_(reference),
        options_(options),
        remote_({endpoint, "pull", CredentialStore().find(endpoint.login), stop_.get_token()}),
        outer_stop_(options.stop, [this] { stop_.request_stop(); }) {}

  Transferred run() {
    FetchedManifest top = fetch_manifest(reference_.tag_or_digest());
    FetchedManifest found = descend(top);
    auto manifest = std::get<RemoteManifest>(parse(found));
    std::string text = fetch_blob(remote_, client_, manifest.config);
    ConfigFile config = parse_config(text, cat("the configuration of ", reference_.familiar()));
    check(manifest, config);
    auto held = store_.hold_layers();
    std::vector<WantedLayer> layers;
    for (size_t i = 0; i < manifest.layers.size(); ++i)
      layers.push_back({manifest.layers[i], config.diff_ids[i]});
    pull_layers(store_, remote_, layers, options_, stop_);
    bool own = options_.name == PulledName::own_digest;
    return add({text, found.text, own ? found.digest : top.digest});
  }

 private:
  struct Complete {
    std::string config, manifest;
    Digest digest;
  };

  FetchedManifest fetch_manifest(const std::string& name) {
    return img::fetch_manifest(remote_, client_, name, reference_.familiar());
  }

  RemoteDocument parse(const FetchedManifest& fetched) const {
    return with_context([&] { return parse_remote_document(fetched.text, fetched.type); },
                        "the manifest of ", reference_.familiar(), " from ",
                        remote_.endpoint().host);
  }

  FetchedManifest descend(FetchedManifest at) {
    for (int depth = 0;; ++depth) {
      RemoteDocument document = parse(at);
      auto* index = std::get_if<RemoteIndex>(&document);
      if (!index) return at;
      if (depth == max_index_depth)
        throw Error(cat("the index of ", reference_.familiar(),
                        " leads to further indexes without an end"));
      Descriptor next = with_context([&] { return select_platform(*index, wanted_platform()); },
                                     "image ", reference_.familiar());
      at = fetch_manifest(next.digest.text());
      if (next.size != at.text.size())
        throw Error(cat(remote_.endpoint().host, " sent ", std::to_string(at.text.size()),
                        " bytes as ", next.digest, ", which must have ",
                        std::to_string(next.size)));
    }
  }

  Platform wanted_platform() const {
    return options_.platform.empty() ? host_platform_of_images()
                                     : parse_platform(options_.platform);
  }

  void check(const RemoteManifest& manifest, const ConfigFile& config) const {
    if (config.diff_ids.size() != manifest.layers.size())
      throw Error(cat("the manifest of ", reference_.familiar(), " names ",
                      std::to_string(manifest.layers.size()), " layers, and its configuration ",
                      std::to_string(config.diff_ids.size())));
    if (options_.platform.empty()) return;
    Platform is{config.config.os, config.config.architecture, config.config.variant};
    if (platform_fit(wanted_platform(), is) == 0)
      throw Error(cat("image ", reference_.familiar(), " is made for ", is.text(), ", and not for ",
                      wanted_platform().text()));
  }

  Transferred add(const Complete& image) const {
    std::vector<std::string> references;
    if (reference_.digest.empty() && options_.name == PulledName::as_asked)
      references.push_back(reference_.full());
    references.push_back(cat(reference_.registry, "/", reference_.repository, "@", image.digest));
    auto lock = store_.lock_for_writing();
    std::optional<Digest> before;
    for (const auto& entry : store_.index())
      if (entry.reference == references.front()) before = entry.manifest;
    bool changed = before != Digest::of(image.manifest);
    Digest id = store_.add_pulled_image(image.config, image.manifest, references);
    return {id.text(), image.digest.text(), changed};
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

Transferred pull_image(const Store& store, const Reference& reference,
                       const TransferOptions& options) {
  auto places = endpoints(load_registries_conf(), reference);
  for (size_t i = 0;; ++i) {
    try {
      return Pull(store, reference, options, places[i]).run();
    } catch (const Error& error) {
      // Layers that were complete before it failed are nobody's.
      auto lock = store.lock_for_writing();
      store.sweep();
      if (options.stop.stop_requested()) throw Error("interrupted", interrupted);
      if (i + 1 == places.size()) throw;
      log::debug(error.message());  // a mirror need not have everything
    }
  }
}

std::string remote_digest(const Reference& reference, const std::stop_token& stop) {
  auto places = endpoints(load_registries_conf(), reference);
  for (size_t i = 0;; ++i) {
    try {
      Remote remote({places[i], "pull", CredentialStore().find(places[i].login), stop});
      HttpClient client;
      return img::fetch_manifest(remote, client, reference.tag_or_digest(), reference.familiar())
          .digest.text();
    } catch (const Error& error) {
      if (stop.stop_requested()) throw Error("interrupted", interrupted);
      if (i + 1 == places.size()) throw;
      log::debug(error.message());
    }
  }
}

}  // namespace estiba::img
