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
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
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

  void load(const std::vector<std::string>& names, const std::vector<Digest>& diff_ids) {
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
    const Digest& diff_id = diff_ids_[index];
    if (places_.store.has_layer(diff_id)) return;
    say(cat("unpacking ", diff_id.shown()));
    std::string directory = cat(places_.work_dir, "/layer-", std::to_string(++count_));
    fs::make_dirs(directory, 0755);
    ArchiveFiles::Part part = places_.files.part(names_[index]);
    UniqueFd root = sys::open(directory, O_RDONLY | O_DIRECTORY);
    TarStream stream(pieces_of(part.fd, part.extent, names_[index]), names_[index]);
    ExtractOptions options;
    options.lower = LowerLayers([this, index] { return below(index); });
    Extracted extracted = extract_layer(stream, root, options);
    Digest actual = stream.finish();
    if (actual != diff_id)
      throw Error(
          cat("the layer ", names_[index], " is damaged: it is ", actual, ", and not ", diff_id));
    places_.store.add_layer(diff_id, directory, extracted.size);
  }

  Places places_;
  const Progress& progress_;
  std::vector<std::string> names_;
  std::vector<Digest> diff_ids_;
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
    return with_context(
        [&] {
          std::vector<std::string> out;
          for (const auto& image : list_images())
            for (const auto& name : load(image)) out.push_back(name);
          return out;
        },
        "loading ", subject);
  }

 private:
  std::vector<ImageFiles> list_images() const {
    if (files_->has("manifest.json")) return docker_images();
    if (files_->has("index.json")) return oci_images();
    throw Error(
        "it has neither manifest.json nor index.json: it is no image archive (a root filesystem is "
        "brought in with import)");
  }

  std::vector<ImageFiles> docker_images() const {
    std::vector<ImageFiles> out;
    Json document{{"images", parse_json(files_->document("manifest.json"), "manifest.json")}};
    return with_context(
        [&] {
          for (const Json* item : json::objects_at(document, "images"))
            out.push_back({json::required_string(*item, "Config"),
                           json::strings_at(*item, "Layers"), json::strings_at(*item, "RepoTags")});
          return out;
        },
        "reading manifest.json");
  }

  static std::string blob_path(const Digest& digest) { return cat("blobs/sha256/", digest.hex()); }

  // What is called by its digest has it, or something has been put in its place.
  std::string blob(const Digest& digest) const {
    std::string text = files_->document(blob_path(digest));
    if (Digest actual = Digest::of(text); actual != digest)
      throw Error(cat("its ", blob_path(digest), " is damaged: it is ", actual));
    return text;
  }

  // An entry may stand for an index of several platforms: then this host's counts.
  std::string manifest_text(const Digest& digest) const {
    std::string text = blob(digest);
    auto document = with_context([&] { return parse_remote_document(text, ""); }, "its ", digest);
    const auto* index = std::get_if<RemoteIndex>(&document);
    if (!index) return text;
    return blob(with_context([&] { return select_platform(*index, host_platform_of_images()); },
                             "its image ", digest)
                    .digest);
  }

  std::vector<ImageFiles> oci_images() const {
    std::vector<ImageFiles> out;
    for (const auto& entry : parse_index(files_->document("index.json"), "index.json")) {
      Manifest manifest = parse_manifest(manifest_text(entry.manifest), "an image manifest");
      blob(manifest.config);
      ImageFiles files{blob_path(manifest.config), {}, {}};
      for (const auto& layer : manifest.layers) files.layers.push_back(blob_path(layer.digest));
      if (!entry.reference.empty()) files.tags.push_back(entry.reference);
      out.push_back(files);
    }
    return out;
  }

  std::vector<std::string> load(const ImageFiles& image) {
    ConfigFile config = parse_config(files_->document(image.config), one_line(image.config));
    if (config.diff_ids.size() != image.layers.size())
      throw Error(
          cat("its image ", one_line(image.config), " has more or fewer layers than it says"));
    auto references = references_of(image);
    auto held = store_.hold_layers();
    Layers({store_, *files_, work_.path()}, progress_).load(image.layers, config.diff_ids);
    return register_image(config, references);
  }

  // A name by digest is a promise about the content that an archive cannot give: it could put
  // anything in the place of an image that somebody has pinned.
  static std::vector<Reference> references_of(const ImageFiles& image) {
    std::vector<Reference> out;
    for (const auto& tag : image.tags) {
      auto reference = Reference::parse(tag);
      if (!reference || !reference->digest.empty())
        throw Error(cat("it names an image \"", one_line(tag), "\", which is no name with a tag"));
      out.push_back(*reference);
    }
    return out;
  }

  std::vector<std::string> register_image(const ConfigFile& config,
                                          const std::vector<Reference>& references) {
    auto lock = store_.lock_for_writing();
    std::vector<std::string> out;
    for (const auto& reference : references) {
      store_.add_image(config, reference.full());
      out.push_back(reference.familiar());
    }
    if (out.empty()) out.push_back(store_.add_image(config, "").text());
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
