#include "imgmgr/overlay_marks.hpp"

#include <sys/xattr.h>

#include "base/error.hpp"
#include "base/node.hpp"

namespace estiba::img {

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

void make_whiteout(FdRef parent, const std::string& name) {
  struct stat whiteout {};
  whiteout.st_mode = S_IFCHR;
  with_context([&] { node::make_special(parent, name, whiteout); }, "making a whiteout");
}

void mark_opaque(FdRef dir) {
  if (::fsetxattr(dir.get(), opaque_attribute, "y", 1, 0) != 0)
    throw Error{"setxattr", opaque_attribute, Errno{errno}};
}

bool is_opaque(FdRef dir) {
  char value = 0;
  return ::fgetxattr(dir.get(), opaque_attribute, &value, 1) == 1 && value == 'y';
}

}  // namespace estiba::img
