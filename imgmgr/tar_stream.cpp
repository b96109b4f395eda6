#include "imgmgr/tar_stream.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <linux/limits.h>
#include <locale.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/error.hpp"
#include "base/scope_exit.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

constexpr size_t read_size = size_t{256} << 10;
constexpr size_t index_block = 10240;
// A stream that unpacks to more than a thousand times its size is a bomb, not a layer; small ones
// (zeros compress well) are let through.
constexpr uint64_t bomb_ratio = 1000;
constexpr uint64_t bomb_allowance = uint64_t{64} << 20;
// What Docker and the specification of images take for users and groups.
constexpr uint64_t max_id = INT32_MAX;
constexpr size_t max_xattrs = 1000;

struct ArchiveCloser {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, ArchiveCloser>;

// libarchive converts names of pax headers to the locale's character set, and mangles what the "C"
// locale cannot hold. The program itself runs without a locale.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(::uselocale(utf8())) {}
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() { ::uselocale(previous_); }

 private:
  static locale_t utf8() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale ? locale : LC_GLOBAL_LOCALE;
  }
  locale_t previous_;
};

std::string text_of(const char* text) { return text ? text : ""; }

}  // namespace

// The pieces of a file, read into one buffer.
ByteSource pieces_of(FdRef fd, const std::string& subject) {
  auto buffer = std::make_shared<std::string>(read_size, '\0');
  return [fd, subject, buffer] {
    size_t got = sys::read(fd, buffer->data(), buffer->size(), subject);
    return std::string_view(*buffer).substr(0, got);
  };
}

ByteSource pieces_of(FdRef fd, Extent part, const std::string& subject) {
  auto buffer = std::make_shared<std::string>(read_size, '\0');
  return [fd, subject, buffer, part]() mutable {
    size_t wanted = static_cast<size_t>(std::min<uint64_t>(part.size, buffer->size()));
    ssize_t got = sys::eintr(
        [&] { return ::pread(fd.get(), buffer->data(), wanted, static_cast<off_t>(part.offset)); });
    if (got < 0) throw Error{"pread", subject, Errno{errno}};
    part.offset += static_cast<uint64_t>(got);
    part.size -= static_cast<uint64_t>(got);
    return std::string_view(*buffer).substr(0, static_cast<size_t>(got));
  };
}

// Two readers, one behind the other: the first undoes the compression, the second reads tar from
// what the first makes; between them the bytes are hashed and counted. Both call back into C++ from
// C, so an exception waits in `failure` until C has returned. gzip, which most layers are, has a
// faster reader than libarchive's.
struct TarStream::State {
  State(ByteSource bytes, std::string name, std::function<void(uint64_t)> listener)
      : source(std::move(bytes)), subject(std::move(name)), on_read(std::move(listener)) {}

  ByteSource source;
  std::string subject;
  std::function<void(uint64_t)> on_read;
  std::optional<std::string_view> first;  ///< a piece that was looked at, and comes again
  std::optional<GzipReader> gzip;
  Sha256 hash;
  uint64_t consumed = 0, produced = 0;
  uint64_t entry_size = 0, entry_end = 0;  ///< of the current file, and of its pieces so far
  std::exception_ptr failure;
  Reader decompressor, tar;  // tar, which reads from the decompressor, is destroyed first

  void open();
  void open_decompressor();
  std::string_view next_piece();
  size_t read_input(const void** buffer);
  size_t inflate(const void** buffer);
  size_t read_decompressed(const void** buffer);
  void refuse_bomb() const;
  int check(archive* reader, int status);

  template <size_t (State::*read)(const void**)>
  static la_ssize_t callback(archive*, void* self, const void** buffer) {
    auto* state = static_cast<State*>(self);
    try {
      return static_cast<la_ssize_t>((state->*read)(buffer));
    } catch (...) {
      state->failure = std::current_exception();
      return -1;
    }
  }
};

// End and success alike are ARCHIVE_OK or ARCHIVE_EOF; warnings are about character sets and such.
int TarStream::State::check(archive* reader, int status) {
  if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  if (status == ARCHIVE_OK || status == ARCHIVE_EOF || status == ARCHIVE_WARN) return status;
  throw Error(
      cat("cannot read ", subject, " as a tar archive: ", text_of(archive_error_string(reader))));
}

std::string_view TarStream::State::next_piece() {
  if (first) return *std::exchange(first, std::nullopt);
  std::string_view piece = source();
  consumed += piece.size();
  if (on_read) on_read(consumed);
  return piece;
}

size_t TarStream::State::read_input(const void** buffer) {
  std::string_view piece = next_piece();
  *buffer = piece.data();
  return piece.size();
}

size_t TarStream::State::inflate(const void** buffer) {
  if (gzip) {
    std::string_view piece = gzip->read();
    *buffer = piece.data();
    return piece.size();
  }
  size_t size = 0;
  la_int64_t offset = 0;
  int status = archive_read_data_block(decompressor.get(), buffer, &size, &offset);
  return check(decompressor.get(), status) == ARCHIVE_EOF ? 0 : size;
}

void TarStream::State::refuse_bomb() const {
  if (produced > bomb_allowance && produced / bomb_ratio > consumed)
    throw Error(cat(subject, " unpacks to more than 1000 times its size and is refused"));
}

size_t TarStream::State::read_decompressed(const void** buffer) {
  size_t size = inflate(buffer);
  if (size == 0) return 0;
  hash.update({static_cast<const char*>(*buffer), size});
  produced += size;
  refuse_bomb();
  return size;
}

void TarStream::State::open() {
  first = next_piece();
  if (first->empty()) throw Error(cat(subject, " is empty"));
  if (GzipReader::takes(*first)) {
    gzip.emplace([this] { return next_piece(); }, subject);
  } else {
    open_decompressor();
  }
  tar.reset(archive_read_new());
  if (!tar) throw Error("out of memory");
  archive_read_support_format_tar(tar.get());
  check(tar.get(),
        archive_read_open(tar.get(), this, nullptr, callback<&State::read_decompressed>, nullptr));
}

void TarStream::State::open_decompressor() {
  decompressor.reset(archive_read_new());
  if (!decompressor) throw Error("out of memory");
  archive_read_support_filter_gzip(decompressor.get());
  archive_read_support_filter_bzip2(decompressor.get());
  archive_read_support_filter_xz(decompressor.get());
  archive_read_support_filter_zstd(decompressor.get());
  archive_read_support_format_raw(decompressor.get());
  archive_read_support_format_empty(decompressor.get());
  check(decompressor.get(), archive_read_open(decompressor.get(), this, nullptr,
                                              callback<&State::read_input>, nullptr));
  archive_entry* whole = nullptr;
  if (check(decompressor.get(), archive_read_next_header(decompressor.get(), &whole)) ==
      ARCHIVE_EOF)
    throw Error(cat(subject, " is empty"));
}

namespace {

// Numbers of a header are signed and of 64 bits to libarchive; none is cut to fit.
uint64_t in_range(la_int64_t value, uint64_t limit, const char* what) {
  if (value >= 0 && static_cast<uint64_t>(value) <= limit) return static_cast<uint64_t>(value);
  throw Error(cat("its ", what, " ", std::to_string(value), " is out of range"));
}

std::string bounded(std::string text, const char* what) {
  if (text.size() < PATH_MAX) return text;
  throw Error(cat("its ", what, " is longer than a path can be"));
}

// Files are kept as old as they can be: no filesystem knows the year 10000.
timespec time_of(archive_entry* entry) {
  constexpr la_int64_t latest = 253402300799, billion = 1'000'000'000;
  la_int64_t seconds = std::clamp<la_int64_t>(archive_entry_mtime(entry), -latest, latest);
  return {seconds, std::clamp<long>(archive_entry_mtime_nsec(entry), 0, billion - 1)};
}

std::vector<std::pair<std::string, std::string>> xattrs_of(archive_entry* entry) {
  std::vector<std::pair<std::string, std::string>> out;
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (out.size() == max_xattrs) throw Error("it has too many attributes");
    if (text_of(name).size() > XATTR_NAME_MAX || size > XATTR_SIZE_MAX)
      throw Error("an attribute of it is larger than one can be");
    out.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return out;
}

TarEntry convert(archive_entry* entry, const std::string& path) {
  TarEntry out;
  out.path = bounded(path, "name");
  out.hardlink = bounded(text_of(archive_entry_hardlink(entry)), "link's target");
  out.mode = archive_entry_mode(entry);
  if (S_ISLNK(out.mode))
    out.symlink = bounded(text_of(archive_entry_symlink(entry)), "link's target");
  out.uid = static_cast<uid_t>(in_range(archive_entry_uid(entry), max_id, "owner"));
  out.gid = static_cast<gid_t>(in_range(archive_entry_gid(entry), max_id, "group"));
  out.mtime = time_of(entry);
  out.size = in_range(archive_entry_size(entry), INT64_MAX, "size");
  out.device = makedev(static_cast<unsigned>(archive_entry_rdevmajor(entry)),
                       static_cast<unsigned>(archive_entry_rdevminor(entry)));
  out.xattrs = xattrs_of(entry);
  return out;
}

}  // namespace

TarStream::TarStream(FdRef fd, std::string subject, std::function<void(uint64_t)> on_read)
    : state_(std::make_unique<State>(pieces_of(fd, subject), subject, std::move(on_read))) {
  state_->open();
}

TarStream::TarStream(ByteSource source, std::string subject)
    : state_(std::make_unique<State>(std::move(source), std::move(subject),
                                     std::function<void(uint64_t)>{})) {
  state_->open();
}

TarStream::~TarStream() = default;

// Content is sought over, not read: an archive of any size is listed at once.
std::optional<std::vector<std::pair<std::string, Extent>>> plain_tar_index(FdRef fd) {
  if (!S_ISREG(sys::fstat(fd).st_mode)) return std::nullopt;
  off_t start = ::lseek(fd.get(), 0, SEEK_CUR);
  ScopeExit rewind([&] { ::lseek(fd.get(), start, SEEK_SET); });
  Reader tar(archive_read_new());
  if (!tar) throw Error("out of memory");
  archive_read_support_format_tar(tar.get());
  if (archive_read_open_fd(tar.get(), fd.get(), index_block) != ARCHIVE_OK) return std::nullopt;
  Utf8Locale locale;
  std::vector<std::pair<std::string, Extent>> out;
  archive_entry* entry = nullptr;
  int status;
  while ((status = archive_read_next_header(tar.get(), &entry)) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    bool plain = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
                 archive_entry_sparse_count(entry) == 0;
    if (!plain) return std::nullopt;
    auto at =
        static_cast<uint64_t>(start) + static_cast<uint64_t>(archive_filter_bytes(tar.get(), 0));
    out.emplace_back(text_of(archive_entry_pathname(entry)),
                     Extent{at, static_cast<uint64_t>(archive_entry_size(entry))});
  }
  if (status != ARCHIVE_EOF || out.empty()) return std::nullopt;
  return out;
}

std::optional<TarEntry> TarStream::next() {
  Utf8Locale locale;
  archive_entry* entry = nullptr;
  int status = archive_read_next_header(state_->tar.get(), &entry);
  if (state_->check(state_->tar.get(), status) == ARCHIVE_EOF) return std::nullopt;
  std::string path = text_of(archive_entry_pathname(entry));
  state_->entry_size = static_cast<uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
  state_->entry_end = 0;
  return with_context([&] { return convert(entry, path); }, "the entry \"", one_line(path), "\"");
}

std::optional<TarBlock> TarStream::read_block() {
  const void* data = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int status = archive_read_data_block(state_->tar.get(), &data, &size, &offset);
  if (state_->check(state_->tar.get(), status) == ARCHIVE_EOF) return std::nullopt;
  // A map of holes says where each piece belongs: in order, and within the file.
  auto begin = static_cast<uint64_t>(offset);
  bool fits = offset >= 0 && begin >= state_->entry_end && begin <= state_->entry_size &&
              size <= state_->entry_size - begin;
  if (!fits) throw Error(cat(state_->subject, " is damaged: a file's map of holes is no map"));
  state_->entry_end = begin + size;
  return TarBlock{{static_cast<const char*>(data), size}, begin};
}

Digest TarStream::finish() {
  const void* rest = nullptr;
  while (state_->read_decompressed(&rest) > 0) {
  }
  return Digest::of(state_->hash);
}

uint64_t TarStream::uncompressed_size() const { return state_->produced; }

const std::string& TarStream::subject() const { return state_->subject; }

bool TarStream::is_archive(FdRef fd) {
  off_t start = ::lseek(fd.get(), 0, SEEK_CUR);
  ScopeExit rewind([&] { ::lseek(fd.get(), start, SEEK_SET); });
  try {
    TarStream stream(fd, "file");
    return stream.next().has_value();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace estiba::img
