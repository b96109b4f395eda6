#include "imgmgr/registry/layer_push.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/gzip_writer.hpp"
#include "imgmgr/layer_tar.hpp"
#include "imgmgr/registry/blob_fetch.hpp"
#include "imgmgr/registry/known_blobs.hpp"
#include "imgmgr/registry/upload.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_parallel = 3;
constexpr uint64_t report_step = uint64_t{512} << 10;

/// A blob in a file of the work directory.
struct LocalBlob {
  PushedLayer layer;
  std::string path;
};

class LayerPushes {
 public:
  LayerPushes(const Store& store, Remote& remote, const std::vector<Digest>& diff_ids,
              const TransferOptions& options, std::stop_source& stop)
      : store_(store),
        remote_(remote),
        diff_ids_(diff_ids),
        options_(options),
        stop_(stop),
        work_(store.make_work_dir()),
        done_(diff_ids.size()) {}

  std::vector<PushedLayer> run() {
    for (size_t i = 0; i < diff_ids_.size(); ++i) tell(i, {"", "Preparing", false, 0, 0});
    {
      std::vector<std::jthread> workers;
      for (size_t i = 0; i < std::min(max_parallel, diff_ids_.size()); ++i)
        workers.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
    std::vector<PushedLayer> out;
    for (const auto& layer : done_) out.push_back(*layer);
    return out;
  }

 private:
  void work() {
    try {
      HttpClient client;
      for (size_t i = next_++; i < diff_ids_.size(); i = next_++) {
        remote_.check_stopped();
        done_[i] = bring(i, client);
      }
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_.request_stop();
    }
  }

  void tell(size_t layer, TransferEvent event) {
    if (!options_.on_event) return;
    event.layer = diff_ids_[layer].shown();
    std::lock_guard lock(event_mutex_);
    options_.on_event(event);
  }

  PushedLayer end(size_t index, const PushedLayer& layer, const std::string& how) {
    const Endpoint& at = remote_.endpoint();
    remember_blob(store_, diff_ids_[index],
                  {layer.blob, layer.diff_id, {cat(at.login, "/", at.repository)}});
    tell(index, {"", how, true, 0, 0});
    return layer;
  }

  // Blobs that leave the image as it is come first.
  std::vector<KnownBlob> candidates(const Digest& diff_id) const {
    auto out = known_blobs(store_, diff_id);
    std::stable_partition(out.begin(), out.end(),
                          [&](const KnownBlob& known) { return known.diff_id == diff_id; });
    return out;
  }

  PushedLayer bring(size_t index, HttpClient& client) {
    auto known = candidates(diff_ids_[index]);
    for (const auto& blob : known)
      if (has_blob(remote_, client, blob.blob.digest))
        return end(index, {blob.blob, blob.diff_id}, "Layer already exists");
    for (const auto& blob : known)
      if (auto source = mount(blob, client))
        return end(index, {blob.blob, blob.diff_id}, cat("Mounted from ", *source));
    LocalBlob made = make(index);
    if (made.layer.diff_id != diff_ids_[index])
      for (const auto& blob : known)
        if (blob.diff_id == diff_ids_[index] && copy(index, blob, client))
          return end(index, {blob.blob, blob.diff_id}, "Pushed");
    if (has_blob(remote_, client, made.layer.blob.digest))
      return end(index, made.layer, "Layer already exists");
    send(index, made, client);
    return end(index, made.layer, "Pushed");
  }

  std::optional<std::string> mount(const KnownBlob& known, HttpClient& client) {
    const Endpoint& at = remote_.endpoint();
    for (const auto& source : known.sources) {
      if (!source.starts_with(at.login + "/")) continue;
      std::string repository = source.substr(at.login.size() + 1);
      if (repository != at.repository && mount_blob(remote_, client, known.blob.digest, repository))
        return repository;
    }
    return std::nullopt;
  }

  // The layer's tar, compressed. For one that came from elsewhere it may be another than it was.
  LocalBlob make(size_t index) {
    tell(index, {"", "Compressing", false, 0, 0});
    std::string path = cat(work_.path(), "/blob-", std::to_string(index));
    UniqueFd file = sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    UniqueFd layer = sys::open(store_.layer_dir(diff_ids_[index]), O_RDONLY | O_DIRECTORY);
    Sha256 hash;
    uint64_t size = 0;
    GzipWriter writer([&](std::string_view data) {
      hash.update(data);
      size += data.size();
      sys::write_all(file, data, path);
    });
    LayerTar tar = write_layer_tar(layer, [&](std::string_view data) {
      remote_.check_stopped();
      writer.write(data);
    });
    writer.finish();
    return {{{media::oci_layer_gzip, Digest::of(hash), size}, tar.diff_id}, path};
  }

  void send(size_t index, const LocalBlob& made, HttpClient& client) {
    UniqueFd file = sys::open(made.path, O_RDONLY);
    uint64_t told = 0, total = made.layer.blob.size;
    upload_blob(
        remote_, client, made.layer.blob,
        [&](char* buffer, size_t size, uint64_t offset) {
          ssize_t got = sys::eintr(
              [&] { return ::pread(file.get(), buffer, size, static_cast<off_t>(offset)); });
          if (got < 0) throw Error{"pread", made.path, Errno{errno}};
          return static_cast<size_t>(got);
        },
        [&](uint64_t done) {
          if (done >= told && done - told < report_step && done < total) return;
          told = done;
          tell(index, {"", "Pushing", false, done, total});
        });
    sys::unlink(made.path);
  }

  // The very blob that was once pulled, from where it was: so the image keeps its digests. Where
  // that cannot be, the layer made anew has to do.
  bool copy(size_t index, const KnownBlob& known, HttpClient& client) {
    std::string path = cat(work_.path(), "/copy-", std::to_string(index));
    for (const auto& source : known.sources) {
      auto reference = Reference::parse(cat(source, "@", known.blob.digest));
      if (!reference) continue;
      try {
        tell(index, {"", "Fetching", false, 0, 0});
        Endpoint from = main_endpoint(load_registries_conf(), *reference);
        Remote remote({from, "pull", CredentialStore().find(from.login), stop_.get_token()});
        UniqueFd file = sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        HttpClient other;
        fetch_blob(remote, other, known.blob,
                   [&](std::string_view data) { sys::write_all(file, data, path); });
      } catch (const Error& error) {
        remote_.check_stopped();
        log::debug(error.message());
        continue;
      }
      send(index, {{known.blob, known.diff_id}, path}, client);
      return true;
    }
    return false;
  }

  const Store& store_;
  Remote& remote_;
  const std::vector<Digest>& diff_ids_;
  const TransferOptions& options_;
  std::stop_source& stop_;
  WorkDir work_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_, event_mutex_;
  std::vector<std::optional<PushedLayer>> done_;
  std::exception_ptr failure_;
};

}  // namespace

std::vector<PushedLayer> push_layers(const Store& store, Remote& remote,
                                     const std::vector<Digest>& diff_ids,
                                     const TransferOptions& options, std::stop_source& stop) {
  return LayerPushes(store, remote, diff_ids, options, stop).run();
}

}  // namespace estiba::img
