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
/// As above, opened with open(2)'s flags.
UniqueFd open_beneath(FdRef root, const std::string& path, int flags, Links links);
/// Held: what is at a relative path that does not leave `dir`; a link that does, or an absolute
/// one, is an Error (EXDEV).
UniqueFd hold_within(FdRef dir, const std::string& path);
/// As hold_beneath; the directory (with its parents) or the empty file is created if it does not
/// exist.
UniqueFd directory_beneath(FdRef root, const std::string& path, Links links);
UniqueFd file_beneath(FdRef root, const std::string& path, Links links);

}  // namespace estiba
