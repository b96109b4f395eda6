// The facade: finds, lists, names and removes images; importing and bootstrapping are beside it.
#include "imgmgr/images.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"
#include "imgmgr/archive.hpp"
#include "imgmgr/bootstrap.hpp"
#include "imgmgr/build_cache.hpp"
#include "imgmgr/commit.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/import.hpp"
#include "imgmgr/registry/pull.hpp"
#include "imgmgr/registry/push.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct Images::Impl {
  Store store;
};

namespace {

struct Known {
  Digest id;
  std::shared_ptr<const StoredImage> stored;
  std::vector<std::string> references;  ///< with tags
  std::vector<std::string> digests;     ///< "docker.io/library/nginx@sha256:..."
  std::vector<Digest> manifests;        ///< digests of all manifests that lead to this image
};

bool is_by_digest(const std::string& full) { return full.find('@') != full.npos; }

// One entry an image, in the order of the index; damaged ones are left out rather than in the way.
std::vector<Known> known_images(const Store& store, const std::vector<IndexEntry>& index) {
  std::vector<Known> out;
  for (const auto& entry : index) {
    auto stored = store.readable(entry);
    if (!stored) continue;
    const Digest& id = stored->manifest.config;
    auto found =
        std::find_if(out.begin(), out.end(), [&](const Known& known) { return known.id == id; });
    if (found == out.end()) found = out.insert(out.end(), {id, stored, {}, {}, {}});
    found->manifests.push_back(entry.manifest);
    if (entry.reference.empty()) continue;
    auto& names = is_by_digest(entry.reference) ? found->digests : found->references;
    names.push_back(entry.reference);
  }
  return out;
}

bool has_reference(const Known& image, const std::string& full) {
  const auto& names = is_by_digest(full) ? image.digests : image.references;
  return std::find(names.begin(), names.end(), full) != names.end();
}

const Known* by_reference(const std::vector<Known>& images, const std::string& text) {
  auto reference = Reference::parse(text);
  if (!reference) return nullptr;
  for (const auto& image : images)
    if (has_reference(image, reference->key())) return &image;
  return nullptr;
}

// What the index says of the image with this name or whole id alone: whether the others are whole
// need not be known.
std::vector<IndexEntry> entries_of(const Store& store, const std::string& text) {
  auto index = store.index();
  auto reference = Reference::parse(text);
  std::string full = reference ? reference->key() : "";
  auto named = std::find_if(index.begin(), index.end(), [&](const IndexEntry& entry) {
    return !full.empty() && entry.reference == full;
  });
  auto keep_if = [&](auto&& meant) {
    std::vector<IndexEntry> out;
    std::copy_if(index.begin(), index.end(), std::back_inserter(out), meant);
    return out;
  };
  if (named != index.end())
    return keep_if([&](const IndexEntry& entry) { return entry.manifest == named->manifest; });
  auto id = Digest::parse(text);
  if (!id) return index;
  return keep_if([&](const IndexEntry& entry) {
    auto image = store.described(entry);
    return image && image->manifest.config == *id;
  });
}

// With or without "sha256:"; a prefix counts only if one image alone has it.
const Known* by_id(const std::vector<Known>& images, std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  if (!is_hex(text)) return nullptr;
  const Known* match = nullptr;
  for (const auto& image : images) {
    if (!image.id.hex().starts_with(text)) continue;
    if (match) return nullptr;
    match = &image;
  }
  return match;
}

const Known* find_known(const std::vector<Known>& images, const std::string& text) {
  if (const Known* image = by_reference(images, text)) return image;
  return by_id(images, text);
}

ImageRecord record_of(const Store& store, const Known& image) {
  const ConfigFile& file = image.stored->file;
  ImageRecord out;
  out.id = image.id.text();
  out.references = image.references;
  out.digests = image.digests;
  out.config = file.config;
  out.history = file.history;
  for (const auto& diff_id : file.diff_ids) {
    out.diff_ids.push_back(diff_id.text());
    out.layer_sizes.push_back(store.layer_size(diff_id));
  }
  out.layer_dirs = store.layer_dirs(file.diff_ids);
  for (uint64_t size : out.layer_sizes) out.size += size;
  return out;
}

std::string parse_full(const std::string& text) {
  auto reference = Reference::parse(text);
  if (!reference) throw Error(cat("\"", text, "\" is not a valid image reference"));
  if (!reference->digest.empty())
    throw Error(cat("\"", text, "\" has a digest, and cannot be given as a name"));
  return reference->full();
}

std::string familiar(const std::string& full) {
  auto reference = Reference::parse(full);
  return reference ? reference->familiar() : full;
}

bool leads_to(const Known& image, const IndexEntry& entry) {
  return std::find(image.manifests.begin(), image.manifests.end(), entry.manifest) !=
         image.manifests.end();
}

}  // namespace

Images::Images(std::string state_dir) : impl_(new Impl{Store(std::move(state_dir))}) {}
Images::~Images() = default;

std::optional<ImageRecord> Images::find(const std::string& reference) const {
  auto images = known_images(impl_->store, entries_of(impl_->store, reference));
  const Known* image = find_known(images, reference);
  if (!image) return std::nullopt;
  return record_of(impl_->store, *image);
}

std::vector<ImageRecord> Images::list() const {
  std::vector<ImageRecord> out;
  for (const auto& image : known_images(impl_->store, impl_->store.index()))
    out.push_back(record_of(impl_->store, image));
  return out;
}

std::string Images::import(const std::string& file, const std::string& reference,
                           const std::vector<std::string>& changes, const std::string& message,
                           const Progress& progress) {
  std::string full = reference.empty() ? "" : parse_full(reference);
  return import_file(impl_->store, file, {full, changes, message, progress, {}});
}

std::string Images::bootstrap(const std::string& reference,
                              const std::vector<std::string>& packages, const Progress& progress) {
  return bootstrap_debian(impl_->store, parse_full(reference), packages, progress);
}

void Images::tag(const std::string& reference, const std::string& new_reference) {
  std::string full = parse_full(new_reference);
  auto lock = impl_->store.lock_for_writing();
  auto index = impl_->store.index();
  auto images = known_images(impl_->store, index);
  const Known* image = find_known(images, reference);
  if (!image) throw Error(cat("no such image: ", reference));
  auto entry = std::find_if(index.begin(), index.end(),
                            [&](const IndexEntry& item) { return leads_to(*image, item); });
  impl_->store.write_index(with_reference(index, {full, entry->manifest, entry->manifest_size}));
}

namespace {

// What a removal does, decided before anything is touched.
struct Removal {
  std::vector<IndexEntry> index;
  std::vector<std::string> report;
};

void refuse_in_use(const Known& image, const std::string& what) {
  throw Error(cat("cannot remove image ", what, ": a container uses it (", image.id.shown(),
                  "); remove the container first, or only untag it with --force"));
}

// Whether the image keeps a name that people gave it. Those by digest come and go with the tags.
bool has_other_names(const Known& image, const std::string& key) {
  if (is_by_digest(key)) return !image.references.empty() || image.digests.size() > 1;
  return image.references.size() > 1;
}

// Removes one name of several: the image stays.
Removal untag(std::vector<IndexEntry> index, const std::string& full) {
  std::erase_if(index, [&](const IndexEntry& entry) { return entry.reference == full; });
  return {std::move(index), {cat("Untagged: ", familiar(full))}};
}

// An image that a container stands on only loses its names; its layers go with a later removal.
Removal remove_whole(std::vector<IndexEntry> index, const Known& image, bool keep_layers) {
  Removal out;
  for (const auto* names : {&image.references, &image.digests})
    for (const auto& name : *names) out.report.push_back(cat("Untagged: ", familiar(name)));
  if (!keep_layers) out.report.push_back(cat("Deleted: ", image.id));
  std::optional<IndexEntry> kept;
  for (const auto& entry : index) {
    if (leads_to(image, entry)) {
      kept = IndexEntry{"", entry.manifest, entry.manifest_size};
    } else {
      out.index.push_back(entry);
    }
  }
  if (keep_layers && kept) out.index.push_back(*kept);
  return out;
}

}  // namespace

std::vector<std::string> Images::remove(const std::string& reference,
                                        const std::vector<std::string>& in_use, bool force) {
  auto lock = impl_->store.lock_for_writing();
  auto index = impl_->store.index();
  auto images = known_images(impl_->store, index);
  const Known* named = by_reference(images, reference);
  const Known* image = named ? named : by_id(images, reference);
  if (!image) throw Error(cat("no such image: ", reference));
  bool used = std::find(in_use.begin(), in_use.end(), image->id.text()) != in_use.end();
  Removal removal;
  if (named && has_other_names(*image, Reference::parse(reference)->key())) {
    removal = untag(index, Reference::parse(reference)->key());
  } else {
    if (used && !force) refuse_in_use(*image, reference);
    if (!named && image->references.size() > 1 && !force)
      throw Error(cat("cannot remove image ", reference,
                      " by its id: several names refer to it; remove them, or use --force"));
    removal = remove_whole(index, *image, used);
  }
  impl_->store.write_index(removal.index);
  impl_->store.sweep();
  return removal.report;
}

namespace {

/// Where an archive goes: a file, or standard output ("-").
class Output {
 public:
  explicit Output(const std::string& file) : file_(file) {
    if (file != "-") target_ = sys::open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  TarSink sink() const {
    return [this](std::string_view data) {
      sys::write_all(target_ ? FdRef(target_) : FdRef(STDOUT_FILENO), data, file_);
    };
  }

 private:
  std::string file_;
  UniqueFd target_;
};

}  // namespace

void Images::save(const std::vector<std::string>& references, const std::string& file,
                  SaveFormat format) const {
  std::vector<SavedImage> saved;
  auto images = known_images(impl_->store, impl_->store.index());
  for (const auto& text : references) {
    const Known* image = find_known(images, text);
    if (!image) throw Error(cat("no such image: ", text));
    SavedImage out{impl_->store.config(image->id), {}};
    if (auto reference = Reference::parse(text);
        reference && has_reference(*image, reference->full()))
      out.references.push_back(reference->full());
    saved.push_back(out);
  }
  Output output(file);
  save_archive(impl_->store, saved, format, output.sink());
}

void Images::export_files(const std::string& image_id, const std::string& upper,
                          const std::string& file) const {
  auto held = impl_->store.hold_layers();
  std::vector<std::string> layers = {upper};
  for (auto& dir :
       impl_->store.layer_dirs(impl_->store.config(Digest::required(image_id)).diff_ids))
    layers.push_back(std::move(dir));
  Output output(file);
  write_layer_tar(overlay_view(layers), output.sink());
}

std::string Images::commit(const CommitRequest& request) {
  std::string full = request.reference.empty() ? "" : parse_full(request.reference);
  return commit_container(impl_->store, request, full);
}

BuildCacheUse Images::build_cache() const {
  BuildCacheUse out;
  std::set<Digest> of_images, counted;
  for (const auto& image : known_images(impl_->store, impl_->store.index()))
    for (const auto& diff_id : impl_->store.config(image.id).diff_ids) of_images.insert(diff_id);
  BuildCache cache(impl_->store.path());
  out.steps = cache.count();
  for (const auto& diff_id : cache.layers()) {
    bool only_here = !of_images.contains(diff_id) && counted.insert(diff_id).second;
    if (!only_here || !impl_->store.has_layer(diff_id)) continue;
    ++out.layers;
    out.size += impl_->store.layer_size(diff_id);
  }
  return out;
}

std::vector<std::string> Images::load(const std::string& file, const Progress& progress) {
  if (file == "-")
    return load_archive(impl_->store, FdRef(STDIN_FILENO), "standard input", progress);
  return load_archive(impl_->store, sys::open(file, O_RDONLY), file, progress);
}

std::vector<std::string> Images::prune(Prune which, const std::vector<std::string>& in_use) {
  auto lock = impl_->store.lock_for_writing();
  auto index = impl_->store.index();
  // What a crash has left of an image is nobody's.
  std::erase_if(index, [this](const IndexEntry& entry) { return !impl_->store.readable(entry); });
  std::vector<std::string> report;
  for (const auto& image : known_images(impl_->store, index)) {
    bool used = std::find(in_use.begin(), in_use.end(), image.id.text()) != in_use.end();
    if (used || (which == Prune::unnamed && !image.references.empty())) continue;
    Removal removal = remove_whole(index, image, false);
    index = removal.index;
    report.insert(report.end(), removal.report.begin(), removal.report.end());
  }
  impl_->store.write_index(index);
  impl_->store.sweep();
  return report;
}

Transferred Images::pull(const std::string& reference, const TransferOptions& options) {
  auto parsed = Reference::parse(reference);
  if (!parsed) throw Error(cat("\"", reference, "\" is not a valid image reference"));
  return pull_image(impl_->store, *parsed, options);
}

Transferred Images::push(const std::string& reference, const TransferOptions& options) {
  auto parsed = Reference::parse(reference);
  if (!parsed) throw Error(cat("\"", reference, "\" is not a valid image reference"));
  return push_image(impl_->store, *parsed, options);
}

std::optional<WallTime> Images::last_pulled(const std::string& reference) const {
  auto parsed = Reference::parse(reference);
  if (!parsed) return std::nullopt;
  for (const auto& entry : impl_->store.index())
    if (entry.reference == parsed->key()) return parse_rfc3339(entry.pulled);
  return std::nullopt;
}

}  // namespace estiba::img
