// Copying trees of files between the host and a container. A container's files are reached through
// its root's descriptor, and every path of it is resolved beneath that root: a symbolic link of the
// container cannot lead out of it. What a path names is held by a descriptor and no other name of
// it is used; devices, FIFOs and sockets are never opened.
#pragma once
#include <sys/types.h>

#include <string>
#include <utility>

#include "base/beneath.hpp"
#include "base/unique_fd.hpp"

namespace estiba::orchestrator {

class FileTree {
 public:
  static FileTree of_host();
  static FileTree of_root(UniqueFd root) { return FileTree(std::move(root)); }

  /// Held beneath the tree's root; relative host paths start at the current directory.
  UniqueFd hold(const std::string& path, estiba::Links links) const;
  bool is_host() const { return !root_; }

 private:
  explicit FileTree(UniqueFd root) : root_(std::move(root)) {}
  UniqueFd root_;
};

enum class Owners { ours, kept };
enum class Links { copied, followed };
struct CopyOptions {
  Owners owners = Owners::ours;
  Links links = Links::copied;
};

/// As cp -r: into an existing folder under the source's name, else under the target's own name.
/// SOURCE/. copies what is in the folder. A file takes another's place at once; where something is
/// mounted, such as a container's /etc/hosts, it is written into that.
void copy(const FileTree& from, const std::string& source, const FileTree& to,
          const std::string& target, const CopyOptions& options);

/// The same as one tar: SOURCE under its own name, or, of SOURCE/., what is in it under ".".
void copy_to_tar(const FileTree& from, const std::string& source, Links links, FdRef tar);
/// Unpacks a tar, compressed or not, into a folder that is there.
void copy_from_tar(FdRef tar, const FileTree& to, const std::string& folder);

}  // namespace estiba::orchestrator
