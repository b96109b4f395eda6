#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "imgmgr/archive.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/resolve_path.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_document = size_t{8} << 20;

struct ImageFiles {
  std::string config;               ///< path in the archive
  std::vector<std::string> layers;  ///< likewise, lowest first
  std::vector<std::string> tags;
};

class Loader {
 public:
  Loader(const Store& store, const Progress& progress)
      : store_(store), progress_(progress), work_(store.make_work_dir()) {}

  std::vector<std::string> run(FdRef fd, const std::string& subject) {
    fs::make_dirs(path_of("archive"), 0700);
    root_ = sys::open(path_of("archive"), O_RDONLY | O_DIRECTORY);
    say("reading the archive");
    {
      TarStream stream(fd, subject);
      ExtractOptions options;
      options.whiteouts = WhiteoutNames::literal;
      extract_layer(stream, root_, options);
      stream.finish();
    }
    auto images = list_images(subject);
    std::vector<std::string> out;
    for (const auto& image : images)
      for (const auto& name : load(image)) out.push_back(name);
    return out;
  }

 private:
  std::string path_of(const std::string& name) const { return fs::join(work_.path(), name); }

  void say(const std::string& what) const {
    if (progress_) progress_(what, -1);
  }

  // Whatever names and links the archive brings, it is read beneath itself.
  UniqueFd open_file(const std::string& name) const {
    UniqueFd fd = open_in_root(root_, resolve_in_root(root_, name), O_RDONLY | O_NONBLOCK);
    if (!S_ISREG(sys::fstat(fd).st_mode))
      throw Error(cat("the archive's ", name, " is not a file"));
    return fd;
  }

  std::string read_document(const std::string& name) const {
    UniqueFd fd = open_file(name);
    auto size = static_cast<size_t>(sys::fstat(fd).st_size);
    if (size > max_document) throw Error(cat("the archive's ", name, " is too large"));
    std::string out(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      size_t got = sys::read(fd, out.data() + filled, size - filled, name);
      if (got == 0) break;
      filled += got;
    }
    return out;
  }

  std::vector<ImageFiles> list_images(const std::string& subject) const {
    if (status_in_root(root_, "manifest.json")) return docker_images();
    if (status_in_root(root_, "index.json")) return oci_images();
    throw Error(cat(subject,
                    " has neither manifest.json nor index.json: it is no image archive "
                    "(a root filesystem is brought in with import)"));
  }

  std::vector<ImageFiles> docker_images() const {
    std::vector<ImageFiles> out;
    Json document = parse_json(read_document("manifest.json"), "manifest.json");
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

  std::vector<ImageFiles> oci_images() const {
    std::vector<ImageFiles> out;
    for (const auto& entry : parse_index(read_document("index.json"))) {
      Manifest manifest = parse_manifest(read_document(blob_path(entry.manifest)));
      ImageFiles files{blob_path(manifest.config), {}, {}};
      for (const auto& layer : manifest.layers) files.layers.push_back(blob_path(layer.digest));
      if (!entry.reference.empty()) files.tags.push_back(entry.reference);
      out.push_back(files);
    }
    return out;
  }

  std::vector<std::string> load(const ImageFiles& files) {
    ConfigFile config = parse_config(read_document(files.config), "an image's configuration");
    if (config.diff_ids.size() != files.layers.size())
      throw Error("an image of the archive has more or fewer layers than it says");
    auto held = store_.hold_layers();
    std::vector<std::string> lower;
    for (size_t i = 0; i < files.layers.size(); ++i) {
      load_layer(files.layers[i], config.diff_ids[i], lower);
      lower.insert(lower.begin(), store_.layer_dir(config.diff_ids[i]));
    }
    return register_image(config, files.tags);
  }

  void load_layer(const std::string& name, const std::string& diff_id,
                  const std::vector<std::string>& lower) {
    if (store_.has_layer(diff_id)) return;
    say(cat("unpacking ", diff_id.substr(7, 12)));
    std::string directory = path_of(cat("layer-", std::to_string(++count_)));
    fs::make_dirs(directory, 0755);
    UniqueFd file = open_file(name);
    UniqueFd root = sys::open(directory, O_RDONLY | O_DIRECTORY);
    TarStream stream(file, name);
    ExtractOptions options;
    options.lower = lower;
    Extracted extracted = extract_layer(stream, root, options);
    std::string actual = stream.finish();
    if (actual != diff_id)
      throw Error(cat("the layer ", name, " is damaged: it is ", actual, ", and not ", diff_id));
    store_.add_layer(diff_id, directory, extracted.size);
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
  UniqueFd root_;
  int count_ = 0;
};

}  // namespace

std::vector<std::string> load_archive(const Store& store, FdRef fd, const std::string& subject,
                                      const Progress& progress) {
  return Loader(store, progress).run(fd, subject);
}

}  // namespace estiba::img
