#include "imgmgr/layer_extract.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <climits>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"
#include "imgmgr/entry_writer.hpp"
#include "imgmgr/overlay_marks.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view whiteout_meta_prefix = ".wh..wh.";
constexpr std::string_view opaque_name = ".wh..wh..opq";
constexpr size_t max_path = 4096;
// Left free on the filesystem, so that a layer cannot take the host's last block.
constexpr uint64_t space_reserve = uint64_t{64} << 20;
// Before a file of this size the free space is looked at again.
constexpr uint64_t recount_size = uint64_t{1} << 20;

// "./a//b/../c/" → "a/c"; an absolute name is taken as beneath the root.
std::string confined_path(const std::string& path, std::string_view what) {
  if (path.size() > max_path)
    throw Error(cat("a ", what, " in the archive is longer than 4096 bytes"));
  std::string out;
  size_t start = 0;
  while (start <= path.size()) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string_view part = std::string_view(path).substr(start, end - start);
    start = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (out.empty()) throw Error(cat("the ", what, " \"", path, "\" points out of the archive"));
      out.resize(out.find('/') == std::string::npos ? 0 : out.rfind('/'));
      continue;
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

struct SplitPath {
  std::string parent, leaf;
};

SplitPath split_leaf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// An archive cannot bring overlay's own marks: they would hide or redirect what lies beneath.
void refuse_overlay_marks(const TarEntry& entry) {
  if (S_ISCHR(entry.mode) && entry.device == 0)
    throw Error(cat("\"", entry.path, "\" is a character device 0:0, overlay's whiteout"));
  for (const auto& [name, value] : entry.xattrs)
    if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay."))
      throw Error(cat("\"", entry.path, "\" carries the attribute ", name));
}

class Extractor {
 public:
  Extractor(TarStream& stream, FdRef root, const ExtractOptions& options)
      : stream_(stream), root_(root), options_(options), directories_(root, options.lower) {
    budget_ = std::min(options.limits.bytes, writable_bytes(root));
  }

  Extracted run() {
    while (auto entry = stream_.next()) {
      account(*entry);
      if (options_.owner) {
        entry->uid = options_.owner->uid;
        entry->gid = options_.owner->gid;
      }
      apply(*entry);
    }
    directories_.restore_times();
    return done_;
  }

 private:
  void account(const TarEntry& entry) {
    if (++done_.entries > options_.limits.entries)
      throw Error(
          cat("the archive has more than ", std::to_string(options_.limits.entries), " entries"));
    if (!S_ISREG(entry.mode) || !entry.hardlink.empty()) return;
    // Others fill the same disk meanwhile, such as this image's other layers.
    if (entry.size >= recount_size) budget_ = std::min(budget_, done_.size + writable_bytes(root_));
    if (entry.size > budget_ - done_.size)
      throw Error(cat("unpacking \"", entry.path, "\" needs ", std::to_string(entry.size),
                      " bytes, and only ", std::to_string(budget_ - done_.size), " are left"));
    done_.size += entry.size;
  }

  void apply(const TarEntry& entry) {
    std::string path = confined_path(entry.path, "name");
    if (path.empty()) {
      if (S_ISDIR(entry.mode))
        directories_.set_attributes(node::open_directory(root_, "the root"), "", entry);
      return;
    }
    auto [parent_path, leaf] = split_leaf(path);
    if (options_.whiteouts == WhiteoutNames::convert && leaf.starts_with(whiteout_prefix)) {
      apply_whiteout(parent_path, leaf);
      return;
    }
    refuse_overlay_marks(entry);
    FdRef parent = directories_.open(parent_path);
    if (!entry.hardlink.empty()) {
      link(entry, parent, leaf);
    } else if (S_ISDIR(entry.mode)) {
      UniqueFd made = directories_.make(parent, leaf, path);
      directories_.set_attributes(made, path, entry);
    } else {
      write_entry(stream_, {parent, leaf}, entry);
    }
  }

  void link(const TarEntry& entry, FdRef parent, const std::string& leaf) {
    auto [target_parent, target] = split_leaf(confined_path(entry.hardlink, "link target"));
    UniqueFd from = hold_beneath(root_, target_parent, Links::follow);
    UniqueFd source =
        with_context([&, &name = target] { return node::hold(from, name); }, entry.path);
    struct stat status = sys::fstat(source);
    if (is_whiteout(status))
      throw Error(cat("\"", entry.path, "\" is a hard link to what the layer removes"));
    if (S_ISDIR(status.st_mode))
      throw Error(cat("\"", entry.path, "\" is a hard link to a directory"));
    link_entry(source, {parent, leaf}, entry);
  }

  void apply_whiteout(const std::string& parent_path, const std::string& leaf) {
    if (leaf == opaque_name) {
      make_opaque(parent_path);
      return;
    }
    // AUFS kept its own files under this prefix; images of its time still carry them.
    if (leaf.starts_with(whiteout_meta_prefix)) return;
    std::string name = leaf.substr(whiteout_prefix.size());
    if (name.empty() || name == "." || name == "..")
      throw Error(cat("\"", leaf, "\" is not a valid whiteout"));
    add_whiteout(directories_.open(parent_path), name);
  }

  // A whiteout hides what the layers beneath have, never what this layer brings.
  void add_whiteout(FdRef parent, const std::string& name) {
    auto present = node::find(parent, name);
    if (!present) {
      make_whiteout(parent, name);
    } else if (S_ISDIR(sys::fstat(*present).st_mode)) {
      mark_opaque(node::open_directory(*present, name));
    }
  }

  // overlay(5) always merges the layers' roots, so there each name beneath is hidden by itself.
  void make_opaque(const std::string& path) {
    if (!path.empty()) {
      FdRef dir = directories_.open(path);
      mark_opaque(node::open_directory(dir, path));
      return;
    }
    for (const auto& lower : options_.lower.get())
      for (const auto& name : fs::list_dir(lower)) add_whiteout(root_, name);
  }

  TarStream& stream_;
  FdRef root_;
  const ExtractOptions& options_;
  LayerDirectories directories_;
  uint64_t budget_ = 0;
  Extracted done_;
};

}  // namespace

uint64_t writable_bytes(FdRef root) {
  struct statvfs status {};
  if (::fstatvfs(root.get(), &status) != 0) throw Error{"fstatvfs", "", Errno{errno}};
  uint64_t available = uint64_t{status.f_bavail} * status.f_frsize;
  return available > space_reserve ? available - space_reserve : 0;
}

Extracted extract_layer(TarStream& stream, FdRef root, const ExtractOptions& options) {
  return with_context([&] { return Extractor(stream, root, options).run(); }, "unpacking ",
                      stream.subject());
}

}  // namespace estiba::img
