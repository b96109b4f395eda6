// How overlayfs itself writes "removed" and "replaced" (Documentation/filesystems/overlayfs.rst): a
// character device 0:0, and an attribute on a directory.
#pragma once
#include <sys/stat.h>

#include <string>

#include "base/unique_fd.hpp"

namespace estiba::img {

inline constexpr const char* opaque_attribute = "trusted.overlay.opaque";

bool is_whiteout(const struct stat& status);
void make_whiteout(FdRef parent, const std::string& name);
void mark_opaque(FdRef dir);
bool is_opaque(FdRef dir);

}  // namespace estiba::img
