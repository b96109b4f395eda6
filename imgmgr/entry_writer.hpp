// Makes single files, links and directories of a layer on descriptors, with owner, mode, attributes
// and times; replaces what an earlier entry of the same name left.
#pragma once
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/lower_layers.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {

/// A name in an open directory.
struct Place {
  FdRef parent;
  const std::string& name;
};

/// A file, symlink, device or fifo; content comes from the stream.
void write_entry(TarStream& stream, Place place, const TarEntry& entry);
/// One more name for what is held. What the entry says of owner and mode counts for the file, as in
/// other builders.
void link_entry(FdRef source, Place to, const TarEntry& entry);
/// Removes whatever is there. True: it was a whiteout.
bool clear_place(Place place);

/// The directories of a layer being unpacked: opened once for the run of entries in each, made when
/// missing, given their times when all is written.
class LayerDirectories {
 public:
  LayerDirectories(FdRef root, const LowerLayers& lower);

  /// Valid until the next call of open or make.
  FdRef open(const std::string& path);
  /// A directory that exists is kept, anything else there is replaced.
  UniqueFd make(FdRef parent, const std::string& name, const std::string& path);
  /// Of a directory that is open to be read.
  void set_attributes(FdRef dir, const std::string& path, const TarEntry& entry);
  void restore_times();

 private:
  UniqueFd make_missing(const std::string& path);
  UniqueFd open_or_make(FdRef parent, const std::string& name, const std::string& path);
  void remember_time(FdRef dir, const std::string& path, timespec mtime);
  void inherit_attributes(FdRef dir, const std::string& path);

  struct Time {
    std::string path;
    dev_t device;
    ino_t inode;
    timespec mtime;
  };

  FdRef root_;
  const LowerLayers& lower_;
  std::string open_path_;
  UniqueFd open_;
  std::vector<Time> times_;
};

}  // namespace estiba::img
