// Whole archives into a store, and single layers into a folder. Nothing may change beside them.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <string>

#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/archive.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/tar_stream.hpp"
#include "promise.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace img;

constexpr size_t block = 512;
constexpr size_t checksum_at = 148, checksum_size = 8, magic_at = 257, size_at = 124;

bool is_header(std::string_view tar, size_t at) {
  return tar.size() - at >= block && tar.substr(at + magic_at, 5) == "ustar";
}

// A changed header has the wrong checksum, and would get no further than that.
void mend_checksums(std::string& tar) {
  for (size_t at = 0; at < tar.size(); at += block) {
    if (!is_header(tar, at)) continue;
    std::fill_n(tar.begin() + static_cast<std::ptrdiff_t>(at + checksum_at), checksum_size, ' ');
    unsigned sum = 0;
    for (unsigned char c : std::string_view(tar).substr(at, block)) sum += c;
    for (size_t digit = 6; digit-- > 0; sum /= 8)
      tar[at + checksum_at + digit] = static_cast<char>('0' + sum % 8);
    tar[at + checksum_at + 6] = '\0';
  }
}

void replace_all(std::string& text, const std::string& old, const std::string& wanted) {
  for (size_t at = text.find(old); at != text.npos; at = text.find(old, at + old.size()))
    text.replace(at, old.size(), wanted);
}

// Nor is a blob read whose content has changed: it is called by its new digest everywhere. Those
// that others name come first in an archive.
void mend_digests(std::string& tar) {
  constexpr std::string_view folder = "blobs/sha256/";
  for (size_t at = 0; at < tar.size(); at += block) {
    if (!is_header(tar, at) || tar.compare(at, folder.size(), folder) != 0) continue;
    size_t size = std::strtoul(tar.substr(at + size_at, 11).c_str(), nullptr, 8);
    if (size > tar.size() - at - block) continue;
    std::string name = tar.substr(at + folder.size(), 64);
    auto digest = Digest::parse("sha256:" + name);
    if (digest) replace_all(tar, name, Digest::of(tar.substr(at + block, size)).hex());
  }
}

/// A folder to write into, beside another that must stay as it is.
class Surroundings {
 public:
  explicit Surroundings(const std::string& name) : inside_(cat(directory_.path(), "/", name)) {
    Nobody nobody;
    fs::make_dirs(outside(), 0755);
    fs::write_atomic(cat(outside(), "/canary"), "alive", 0644, fs::Durability::relaxed);
  }
  const std::string& inside() const { return inside_; }

  // A directory of an archive may be closed to its owner, but not to root.
  void clear() {
    fs::remove_tree(inside_);
    promise(fs::list_dir(directory_.path()) == std::vector<std::string>{"outside"});
    promise(fs::list_dir(outside()) == std::vector<std::string>{"canary"});
    promise(fs::read_all(cat(outside(), "/canary")) == "alive");
  }

 private:
  std::string outside() const { return cat(directory_.path(), "/outside"); }
  Directory directory_;
  std::string inside_;
};

UniqueFd file_of(const std::string& content) {
  UniqueFd fd = sys::memfd_create("archive", 0);
  sys::write_all(fd, content, "archive");
  promise(::lseek(fd.get(), 0, SEEK_SET) == 0);
  return fd;
}

}  // namespace

// Nobody's rights end before a broken promise is told of, for what was fed has to be kept.
void feed_archive(std::string_view bytes) {
  static Surroundings surroundings("state");
  std::string tar(bytes);
  mend_digests(tar);
  mend_checksums(tar);
  told([&] {
    Nobody nobody;
    load_archive(Store(surroundings.inside()), file_of(tar), "it.tar", {});
  });
  surroundings.clear();
}

void feed_layer(std::string_view bytes) {
  static Surroundings surroundings("layer");
  std::string tar(bytes);
  mend_checksums(tar);
  told([&] {
    Nobody nobody;
    fs::make_dirs(surroundings.inside(), 0755);
    UniqueFd root = sys::open(surroundings.inside(), O_RDONLY | O_DIRECTORY);
    TarStream stream(file_of(tar), "it.tar");
    ExtractOptions options;
    options.limits = {1000, uint64_t{64} << 20};
    bool root_user = ::geteuid() == 0;
    options.owner = root_user ? Owner{Nobody::id, Nobody::id} : Owner{::geteuid(), ::getegid()};
    extract_layer(stream, root, options);
    stream.finish();
  });
  surroundings.clear();
}

}  // namespace estiba::fuzz
