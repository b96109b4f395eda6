#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "imgmgr/archive.hpp"
#include "imgmgr/archive_files.hpp"
#include "imgmgr/import.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {
namespace {

struct ImageFiles {
  std::string config;               ///< path in the archive
  std::vector<std::string> layers;  ///< likewise, lowest first
  std::vector<std::string> tags;
};

/// Unpacks the layers of an image side by side. A layer seldom needs those beneath it; where it
/// does it waits, and they were begun before.
class Layers {
 public:
  struct Places {
    const Store& store;
    const ArchiveFiles& files;
    std::string work_dir;
  };
  Layers(Places places, const Progress& progress) : places_(places), progress_(progress) {}

  void load(const std::vector<std::string>& names, const std::vector<std::string>& diff_ids) {
    names_ = names;
    diff_ids_ = diff_ids;
    states_.assign(names.size(), State::waiting);
    next_ = 0;
    size_t workers =
        std::min<size_t>(names.size(), std::max(2U, std::thread::hardware_concurrency()));
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  enum class State { waiting, done };

  void work() {
    while (true) {
      size_t index;
      {
        std::lock_guard lock(mutex_);
        if (failure_ || next_ == names_.size()) return;
        index = next_++;
      }
      try {
        unpack(index);
      } catch (...) {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      std::lock_guard lock(mutex_);
      states_[index] = State::done;
      changed_.notify_all();
    }
  }

  // Waits until they are there.
  std::vector<std::string> below(size_t index) {
    std::unique_lock lock(mutex_);
    auto here = states_.begin() + static_cast<std::ptrdiff_t>(index);
    changed_.wait(
        lock, [&] { return failure_ || std::find(states_.begin(), here, State::waiting) == here; });
    if (failure_) throw Error("a layer beneath could not be unpacked");
    std::vector<std::string> out;
    for (size_t i = index; i-- > 0;) out.push_back(places_.store.layer_dir(diff_ids_[i]));
    return out;
  }

  void say(const std::string& what) {
    std::lock_guard lock(mutex_);
    if (progress_) progress_(what, -1);
  }

  void unpack(size_t index) {
    const std::string& diff_id = diff_ids_[index];
    if (places_.store.has_layer(diff_id)) return;
    say(cat("unpacking ", diff_id.substr(7, 12)));
    std::string directory = cat(places_.work_dir, "/layer-", std::to_string(++count_));
    fs::make_dirs(directory, 0755);
    ArchiveFiles::Part part = places_.files.part(names_[index]);
    UniqueFd root = sys::open(directory, O_RDONLY | O_DIRECTORY);
    TarStream stream(pieces_of(part.fd, part.extent, names_[index]), names_[index]);
    ExtractOptions options;
    options.lower = LowerLayers([this, index] { return below(index); });
    Extracted extracted = extract_layer(stream, root, options);
    std::string actual = stream.finish();
    if (actual != diff_id)
      throw Error(
          cat("the layer ", names_[index], " is damaged: it is ", actual, ", and not ", diff_id));
    places_.store.add_layer(diff_id, directory, extracted.size);
  }

  Places places_;
  const Progress& progress_;
  std::vector<std::string> names_, diff_ids_;
  std::vector<State> states_;
  size_t next_ = 0;
  std::atomic<int> count_ = 0;
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

class Loader {
 public:
  Loader(const Store& store, const Progress& progress)
      : store_(store), progress_(progress), work_(store.make_work_dir()) {}

  std::vector<std::string> run(FdRef fd, const std::string& subject) {
    if (progress_) progress_("reading the archive", -1);
    files_.emplace(fd, subject, fs::join(work_.path(), "archive"));
    std::vector<std::string> out;
    for (const auto& image : list_images(subject))
      for (const auto& name : load(image)) out.push_back(name);
    return out;
  }

 private:
  std::vector<ImageFiles> list_images(const std::string& subject) const {
    if (files_->has("manifest.json")) return docker_images();
    if (files_->has("index.json")) return oci_images();
    throw Error(cat(subject,
                    " has neither manifest.json nor index.json: it is no image archive "
                    "(a root filesystem is brought in with import)"));
  }

  std::vector<ImageFiles> docker_images() const {
    std::vector<ImageFiles> out;
    Json document = parse_json(files_->document("manifest.json"), "manifest.json");
    for (const auto& item : document)
      out.push_back({json::required_string(item, "Config"), json::strings_at(item, "Layers"),
                     json::strings_at(item, "RepoTags")});
    return out;
  }

  static std::string blob_path(const std::string& digest) {
    std::string path = cat("blobs/", digest);
    path[path.find(':')] = '/';
    return path;
  }

  // An entry may stand for an index of several platforms: then this host's counts.
  std::string manifest_text(const std::string& digest) const {
    std::string text = files_->document(blob_path(digest));
    Json document = parse_json(text, "an image manifest");
    auto manifests = document.find("manifests");
    if (manifests == document.end()) return text;
    for (const auto& entry : *manifests) {
      const Json platform = entry.value("platform", Json::object());
      bool fits = platform.empty() || (platform.value("os", "linux") == "linux" &&
                                       platform.value("architecture", "") == host_architecture());
      if (fits) return files_->document(blob_path(json::required_string(entry, "digest")));
    }
    throw Error(cat("the archive's image ", digest, " is not for linux/", host_architecture()));
  }

  std::vector<ImageFiles> oci_images() const {
    std::vector<ImageFiles> out;
    for (const auto& entry : parse_index(files_->document("index.json"))) {
      Manifest manifest = parse_manifest(manifest_text(entry.manifest));
      ImageFiles files{blob_path(manifest.config), {}, {}};
      for (const auto& layer : manifest.layers) files.layers.push_back(blob_path(layer.digest));
      if (!entry.reference.empty()) files.tags.push_back(entry.reference);
      out.push_back(files);
    }
    return out;
  }

  std::vector<std::string> load(const ImageFiles& image) {
    ConfigFile config = parse_config(files_->document(image.config), "an image's configuration");
    if (config.diff_ids.size() != image.layers.size())
      throw Error("an image of the archive has more or fewer layers than it says");
    auto held = store_.hold_layers();
    Layers({store_, *files_, work_.path()}, progress_).load(image.layers, config.diff_ids);
    return register_image(config, image.tags);
  }

  std::vector<std::string> register_image(const ConfigFile& config,
                                          const std::vector<std::string>& tags) {
    auto lock = store_.lock_for_writing();
    std::vector<std::string> out;
    for (const auto& tag : tags) {
      auto reference = Reference::parse(tag);
      if (!reference)
        throw Error(cat("the archive names an image \"", tag, "\", which is no name"));
      store_.add_image(config, reference->full());
      out.push_back(reference->familiar());
    }
    if (out.empty()) out.push_back(store_.add_image(config, ""));
    return out;
  }

  const Store& store_;
  const Progress& progress_;
  WorkDir work_;
  std::optional<ArchiveFiles> files_;
};

}  // namespace

std::vector<std::string> load_archive(const Store& store, FdRef fd, const std::string& subject,
                                      const Progress& progress) {
  return Loader(store, progress).run(fd, subject);
}

}  // namespace estiba::img
