// Paths of a tree that is somebody else's "/", resolved on descriptors by openat2(2): symlinks are
// followed as a process rooted there would follow them, nothing leads out, magic links are refused.
#pragma once
#include <optional>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba {

/// but_last: those on the way are followed, and one at the end is what is held.
enum class Links { follow, but_last, refuse };

/// Held: an O_PATH descriptor; nothing if the path does not exist.
std::optional<UniqueFd> find_beneath(FdRef root, const std::string& path, Links links);
/// As above; an Error if the path does not exist. "" is the root itself.
UniqueFd hold_beneath(FdRef root, const std::string& path, Links links);
/// As above; the directory (with its parents) or the empty file is created if it does not exist.
UniqueFd directory_beneath(FdRef root, const std::string& path, Links links);
UniqueFd file_beneath(FdRef root, const std::string& path, Links links);

}  // namespace estiba
