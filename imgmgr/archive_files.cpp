#include "imgmgr/archive_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/resolve_path.hpp"

namespace estiba::img {
namespace {

constexpr uint64_t max_document = uint64_t{8} << 20;

std::string plain_name(const std::string& name) { return fs::clean_path(cat("/", name)).substr(1); }

}  // namespace

ArchiveFiles::ArchiveFiles(FdRef archive, std::string subject, std::string directory)
    : subject_(std::move(subject)) {
  if (auto members = plain_tar_index(archive)) {
    for (auto& [name, extent] : *members) members_[plain_name(name)] = extent;
    // A description of its own: the caller's may be closed, and its offset is left alone.
    plain_ = sys::dup(archive);
  } else {
    unpack(archive, directory);
  }
}

void ArchiveFiles::unpack(FdRef archive, const std::string& directory) {
  fs::make_dirs(directory, 0700);
  root_ = sys::open(directory, O_RDONLY | O_DIRECTORY);
  TarStream stream(archive, subject_);
  ExtractOptions options;
  options.whiteouts = WhiteoutNames::literal;
  extract_layer(stream, root_, options);
  stream.finish();
}

bool ArchiveFiles::has(const std::string& name) const {
  return root_ ? status_in_root(root_, name).has_value() : members_.contains(plain_name(name));
}

ArchiveFiles::Part ArchiveFiles::part(const std::string& name) const {
  if (!root_) {
    auto found = members_.find(plain_name(name));
    if (found == members_.end()) throw Error(cat(subject_, " has no file ", one_line(name)));
    return {sys::dup(plain_), found->second};
  }
  UniqueFd fd = file_in_root(root_, resolve_in_root(root_, name));
  struct stat status = sys::fstat(fd);
  return {std::move(fd), {0, static_cast<uint64_t>(status.st_size)}};
}

std::string ArchiveFiles::document(const std::string& name) const {
  Part file = part(name);
  if (file.extent.size > max_document)
    throw Error(cat("the archive's ", one_line(name), " is too large"));
  std::string out(static_cast<size_t>(file.extent.size), '\0');
  size_t filled = 0;
  while (filled < out.size()) {
    auto at = static_cast<off_t>(file.extent.offset + filled);
    ssize_t got = sys::eintr(
        [&] { return ::pread(file.fd.get(), out.data() + filled, out.size() - filled, at); });
    if (got < 0) throw Error{"pread", name, Errno{errno}};
    if (got == 0) throw Error(cat("the archive ends within ", one_line(name)));
    filled += static_cast<size_t>(got);
  }
  return out;
}

}  // namespace estiba::img
