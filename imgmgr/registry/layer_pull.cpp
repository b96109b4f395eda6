#include "imgmgr/registry/layer_pull.hpp"

#include <fcntl.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/registry/blob_fetch.hpp"
#include "imgmgr/registry/blob_pipe.hpp"
#include "imgmgr/registry/known_blobs.hpp"
#include "imgmgr/registry/layer_turn.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_parallel = 4;
// Where unpacking fails, this much is still read to see whether the content was wrong all along.
constexpr uint64_t max_drained = uint64_t{64} << 20;
constexpr uint64_t report_step = uint64_t{512} << 10;

class LayerPulls {
 public:
  LayerPulls(const Store& store, Remote& remote, const std::vector<WantedLayer>& layers,
             const TransferOptions& options, std::stop_source& stop)
      : store_(store),
        remote_(remote),
        layers_(layers),
        options_(options),
        stop_(stop),
        work_(store.make_work_dir()),
        finished_(layers.size()) {}

  void run() {
    for (size_t i = 0; i < layers_.size(); ++i) tell(i, {"", "Waiting", false, 0, 0});
    {
      std::vector<std::jthread> workers;
      for (size_t i = 0; i < std::min(max_parallel, layers_.size()); ++i)
        workers.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // Lowest first: one that waits for those beneath it never keeps them from being begun.
  void work() {
    std::optional<HttpClient> client;
    while (true) {
      size_t layer = next_++;
      if (layer >= layers_.size() || stop_.stop_requested()) return;
      try {
        if (!client) client.emplace();
        bring(layer, *client);
      } catch (...) {
        fail(std::current_exception());
        return;
      }
      std::lock_guard lock(mutex_);
      finished_[layer] = true;
      changed_.notify_all();
    }
  }

  // The first failure is the one to tell of: others are its consequences.
  void fail(std::exception_ptr failure) {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
    stop_.request_stop();
    changed_.notify_all();
  }

  void tell(size_t layer, TransferEvent event) {
    if (!options_.on_event) return;
    event.layer = layers_[layer].blob.digest.shown();
    std::lock_guard lock(event_mutex_);
    options_.on_event(event);
  }

  void bring(size_t index, HttpClient& client) {
    const WantedLayer& layer = layers_[index];
    bool known = store_.has_layer(layer.diff_id);
    if (!known) {
      LayerTurn turn(store_, layer.diff_id, stop_.get_token());
      known = store_.has_layer(layer.diff_id);
      if (!known) trusting_twice([&] { fetch(index, client); });
    }
    const Endpoint& at = remote_.endpoint();
    remember_blob(store_, layer.diff_id,
                  {layer.blob, layer.diff_id, {cat(at.login, "/", at.repository)}});
    tell(index, {"", known ? "Already exists" : "Pull complete", true, 0, 0});
  }

  void fetch(size_t index, HttpClient& client) {
    const WantedLayer& layer = layers_[index];
    std::string directory = cat(work_.path(), "/layer-", std::to_string(index));
    fs::remove_tree(directory);  // of an attempt before
    fs::make_dirs(directory, 0755);
    BlobPipe pipe;
    std::jthread fetcher([&] { fill(index, client, pipe); });
    ScopeExit unread([&] { pipe.abandon(); });
    uint64_t size = unpack(index, pipe, directory);
    // The tar's end may come before the blob's, and with it the proof of the digest.
    while (!pipe.read().empty()) {
    }
    store_.add_layer(layer.diff_id, directory, size);
  }

  void fill(size_t index, HttpClient& client, BlobPipe& pipe) {
    const Descriptor& blob = layers_[index].blob;
    std::exception_ptr failure;
    uint64_t done = 0, told = 0;
    try {
      fetch_blob(remote_, client, blob, [&](std::string_view data) {
        pipe.write(data);
        done += data.size();
        if (done - told < report_step && done < blob.size) return;
        told = done;
        tell(index, {"", done < blob.size ? "Downloading" : "Extracting", false, done, blob.size});
      });
    } catch (...) {
      failure = std::current_exception();
    }
    pipe.end(failure);
  }

  uint64_t unpack(size_t index, BlobPipe& pipe, const std::string& directory) {
    const WantedLayer& layer = layers_[index];
    uint64_t read = 0;
    try {
      TarStream stream(
          [&] {
            std::string_view piece = pipe.read();
            read += piece.size();
            return piece;
          },
          cat("layer ", layer.blob.digest.shown()));
      ExtractOptions options;
      options.lower = LowerLayers([this, index] { return beneath(index); });
      uint64_t size =
          extract_layer(stream, sys::open(directory, O_RDONLY | O_DIRECTORY), options).size;
      Digest actual = stream.finish();
      if (actual != layer.diff_id)
        throw Error(
            cat(stream.subject(), " unpacks to ", actual, ", and the image says ", layer.diff_id));
      return size;
    } catch (const Error& error) {
      // Wrong bytes fail to unpack before they fail to match their digest, which says more.
      bool worth_knowing = error.code() == 0 && layer.blob.size - read <= max_drained;
      while (worth_knowing && !pipe.read().empty()) {
      }
      throw;
    }
  }

  // The directories of the layers below, topmost first, once they are there.
  std::vector<std::string> beneath(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return failure_ ||
             std::all_of(finished_.begin(), finished_.begin() + static_cast<std::ptrdiff_t>(index),
                         [](bool done) { return done; });
    });
    if (failure_) throw Error("another layer failed");
    std::vector<std::string> out;
    for (size_t i = index; i-- > 0;) out.push_back(store_.layer_dir(layers_[i].diff_id));
    return out;
  }

  const Store& store_;
  Remote& remote_;
  const std::vector<WantedLayer>& layers_;
  const TransferOptions& options_;
  std::stop_source& stop_;
  WorkDir work_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_, event_mutex_;
  std::condition_variable changed_;
  std::vector<bool> finished_;
  std::exception_ptr failure_;
};

}  // namespace

void pull_layers(const Store& store, Remote& remote, const std::vector<WantedLayer>& layers,
                 const TransferOptions& options, std::stop_source& stop) {
  LayerPulls(store, remote, layers, options, stop).run();
}

}  // namespace estiba::img
