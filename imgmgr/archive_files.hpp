// The files of an image archive. A plain tar in a file is read where it lies; one that is
// compressed or comes through a pipe is unpacked first. Whatever names and links it brings, it is
// read beneath itself.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "base/unique_fd.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {

class ArchiveFiles {
 public:
  /// `directory` is where it is unpacked, if it has to be; made then.
  ArchiveFiles(FdRef archive, std::string subject, std::string directory);

  bool has(const std::string& name) const;
  /// A small file's content.
  std::string document(const std::string& name) const;
  /// A file to be read as a tar of its own: from the descriptor, at the extent.
  struct Part {
    UniqueFd fd;
    Extent extent;
  };
  Part part(const std::string& name) const;

 private:
  void unpack(FdRef archive, const std::string& directory);

  std::string subject_;
  UniqueFd plain_;  ///< the archive itself; none: it was unpacked
  std::map<std::string, Extent> members_;
  UniqueFd root_;
};

}  // namespace estiba::img
