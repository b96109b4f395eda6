// The server as the keeper's child: started unless one lives, started again when it dies.
#pragma once
#include <sys/types.h>

#include <string>

#include "runtime/keeper/layout.hpp"
#include "runtime/keeper/loop.hpp"
#include "runtime/keeper/respawn.hpp"

namespace estiba::runtime {

struct KeeperConfig {
  Layout layout;
  std::string state_dir, server_program;
};

class ServerProcess {
 public:
  ServerProcess(Loop& loop, const KeeperConfig& config) : loop_(loop), config_(config) {}

  /// Starts one unless a live server (of an earlier keeper, say) holds the lock.
  void ensure();
  /// True: it was the server that ended.
  bool on_exit(pid_t pid, int status);
  /// A connection has ended, or was never made: a server that is not our child may be gone.
  void connection_lost();
  void connected() {
    connected_ = true;
    gave_up_ = false;
  }
  /// No more starts.
  void stop() { stopping_ = true; }
  bool running() const { return pid_ != 0; }

 private:
  bool lock_is_held() const;
  void start();
  void watch_foreign();

  Loop& loop_;
  const KeeperConfig& config_;
  Respawn respawn_;
  pid_t pid_ = 0;
  bool stopping_ = false, connected_ = false, gave_up_ = false, watching_ = false;
};

}  // namespace estiba::runtime
