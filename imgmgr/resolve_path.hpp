// Where a path leads inside a directory tree that is some process's "/": symlinks followed, ".."
// never above the root, a tail that does not exist yet kept as it is.
#pragma once
#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba::img {

/// The path without a symlink in it, relative to root; "" is the root itself.
std::string resolve_in_root(FdRef root, const std::string& path);

/// What a path that resolve_in_root returned names, held; nothing if it does not exist. A symlink
/// that has taken a place in the path meanwhile is refused.
std::optional<UniqueFd> find_in_root(FdRef root, const std::string& resolved);
std::optional<struct stat> status_in_root(FdRef root, const std::string& resolved);
/// Such a path opened to be read. An Error if it is no regular file, or no directory.
UniqueFd file_in_root(FdRef root, const std::string& resolved);
UniqueFd directory_in_root(FdRef root, const std::string& resolved);

/// A small file of an image (/etc/passwd), wherever links lead; empty if it is missing, no regular
/// file, or larger than a mebibyte.
std::string read_small_file(FdRef root, const std::string& path);

}  // namespace estiba::img
