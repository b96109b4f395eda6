// Copies files on descriptors: owners, modes, times, extended attributes, hard links, symlinks,
// devices, holes; shares the data where the filesystem can. Follows no symlink. Overlay's own marks
// (whiteouts, trusted.overlay.*) are left out.
#pragma once
#include <sys/stat.h>

#include <string>

#include "base/unique_fd.hpp"

namespace estiba {

/// What is in `from` comes into the empty directory `to`, and `to` gets from's own owner, mode,
/// attributes and times.
void copy_tree(FdRef from, FdRef to);

/// The content of an open file into a new, empty one.
void copy_content(FdRef from, FdRef to, const std::string& subject);
/// The extended attributes, but for overlay's.
void copy_attributes(FdRef from, FdRef to, const std::string& subject);

}  // namespace estiba
