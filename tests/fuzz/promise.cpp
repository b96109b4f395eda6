#include "promise.hpp"

#include <sys/fsuid.h>
#include <unistd.h>

#include "base/fs.hpp"

namespace estiba::fuzz {

Directory::Directory() {
  std::string pattern = "/dev/shm/estiba-fuzz-XXXXXX";
  const char* made = ::mkdtemp(pattern.data());
  promise(made != nullptr);
  path_ = made;
  if (::geteuid() == 0) promise(::chown(path_.c_str(), Nobody::id, Nobody::id) == 0);
}

Directory::~Directory() { fs::remove_tree(path_); }

// These affect the calling thread alone; with the user go the capabilities that concern files.
Nobody::Nobody() {
  if (::geteuid() != 0) return;
  ::setfsgid(id);
  ::setfsuid(id);
  promise(static_cast<unsigned>(::setfsuid(static_cast<uid_t>(-1))) == id);
}

Nobody::~Nobody() {
  if (::geteuid() != 0) return;
  ::setfsuid(0);
  ::setfsgid(0);
}

}  // namespace estiba::fuzz
