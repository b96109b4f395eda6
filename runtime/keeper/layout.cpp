#include "runtime/keeper/layout.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba::runtime {

void make_run_directories(const Layout& layout) {
  for (const auto& dir : {layout.run_dir, layout.containers(), layout.exits(),
                          layout.scratch().root, layout.scratch().files})
    fs::make_dirs(dir, 0700);
}

void remove_run_directories(const Layout& layout) {
  for (const auto& file : {layout.keeper_socket(), layout.server_lock()}) ::unlink(file.c_str());
  auto log = sys::stat(layout.log());
  if (log && log->st_size == 0) ::unlink(layout.log().c_str());
  for (const auto& dir :
       {layout.scratch().root, layout.scratch().files, fs::parent_path(layout.scratch().root),
        layout.containers(), layout.exits()})
    ::rmdir(dir.c_str());
  // With the lock goes the right to remove anything: from here on all may be a new anchor's.
  ::unlink(layout.anchor_lock().c_str());
  ::rmdir(layout.run_dir.c_str());
}

}  // namespace estiba::runtime
