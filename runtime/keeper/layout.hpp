// Where things lie beneath the run directory, for keeper, anchor and server.
#pragma once
#include <string>

#include "base/error.hpp"
#include "runtime/rootfs/mount_apply.hpp"

namespace estiba::runtime {

struct Layout {
  std::string run_dir;

  std::string keeper_socket() const { return cat(run_dir, "/keeper.sock"); }
  std::string anchor_lock() const { return cat(run_dir, "/anchor.lock"); }
  std::string server_lock() const { return cat(run_dir, "/server.lock"); }
  std::string log() const { return cat(run_dir, "/estiba.log"); }
  std::string containers() const { return cat(run_dir, "/containers"); }
  std::string container(const std::string& id) const { return cat(containers(), "/", id); }
  std::string process(const std::string& id) const { return cat(container(id), "/process"); }
  std::string exits() const { return cat(run_dir, "/exits"); }
  std::string exit_of(const std::string& id) const { return cat(exits(), "/", id); }
  Scratch scratch() const { return {cat(run_dir, "/mnt/root"), cat(run_dir, "/mnt/files")}; }
};

/// Makes the directories that must exist before a keeper runs.
void make_run_directories(const Layout& layout);
/// After the end: sockets, locks and what is empty. The log stays if something is in it.
void remove_run_directories(const Layout& layout);

}  // namespace estiba::runtime
