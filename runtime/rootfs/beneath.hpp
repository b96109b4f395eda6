// Paths inside a container's root, resolved on descriptors by openat2(2): symlinks are followed as
// the container would follow them, nothing leads out, magic links are refused.
#pragma once
#include <optional>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

enum class Links { follow, refuse };

/// The path as it is seen from inside the root.
UniqueFd open_beneath(FdRef root, const std::string& path, int flags, Links links);
/// An O_PATH descriptor of what is at a relative path that does not leave `dir`; a link that does,
/// or an absolute one, is an Error (EXDEV).
UniqueFd find_within(FdRef dir, const std::string& path);
/// An O_PATH descriptor; nothing if the path does not exist.
std::optional<UniqueFd> find_beneath(FdRef root, const std::string& path, Links links);
/// As above; the directory (with its parents) or the empty file is created if it does not exist.
UniqueFd directory_beneath(FdRef root, const std::string& path, Links links);
UniqueFd file_beneath(FdRef root, const std::string& path, Links links);

}  // namespace estiba::runtime
