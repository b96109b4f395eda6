// Reads a tar archive from a descriptor, whatever it is compressed with, and hashes the
// uncompressed bytes on the way. The only file that knows libarchive, and only its reading half:
// what reaches a disk is decided by layer_extract.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/gzip_reader.hpp"

namespace estiba::img {

struct TarEntry {
  std::string path;
  std::string hardlink;  ///< not empty: a hard link to this path of the archive
  std::string symlink;   ///< the target, for S_IFLNK
  mode_t mode = 0;       ///< type and permissions
  uid_t uid = 0;
  gid_t gid = 0;
  timespec mtime{};
  uint64_t size = 0;  ///< logical: of a sparse file with its holes
  dev_t device = 0;   ///< for S_IFCHR and S_IFBLK
  std::vector<std::pair<std::string, std::string>> xattrs;
};

/// A piece of the current entry's content; what lies between pieces is a hole.
struct TarBlock {
  std::string_view data;
  uint64_t offset = 0;
};

/// A part of a file.
struct Extent {
  uint64_t offset = 0, size = 0;
};

/// Its bytes; the descriptor's offset is neither used nor moved.
ByteSource pieces_of(FdRef fd, Extent part, const std::string& subject);

/// Where the files of a tar lie in it, by their names as written. Nothing: it is compressed, no
/// regular file, no tar, or holds more than directories and plain files.
std::optional<std::vector<std::pair<std::string, Extent>>> plain_tar_index(FdRef fd);

class TarStream {
 public:
  /// `subject` is what errors call the archive. `on_read` hears how many (compressed) bytes have
  /// been read so far.
  TarStream(FdRef fd, std::string subject, std::function<void(uint64_t)> on_read = {});
  TarStream(ByteSource source, std::string subject);
  ~TarStream();

  /// Nothing at the end of the archive.
  std::optional<TarEntry> next();
  /// The current entry's next piece of content; nothing at its end. Valid until the next call.
  std::optional<TarBlock> read_block();
  /// The digest of the whole uncompressed stream. To be called when next() has returned nothing;
  /// reads what follows the archive's end.
  Digest finish();
  /// Bytes of the uncompressed stream so far.
  uint64_t uncompressed_size() const;
  const std::string& subject() const;

  /// Whether the file starts as a tar archive, compressed or not. Leaves the offset as it was.
  static bool is_archive(FdRef fd);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estiba::img
