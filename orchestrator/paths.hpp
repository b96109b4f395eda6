// Where state lives: $ESTIBA_ROOT survives reboots, $ESTIBA_RUNDIR does not.
#pragma once
#include <string>

namespace estiba::orchestrator {

struct Paths {
  std::string root;     ///< $ESTIBA_ROOT, default /var/lib/estiba
  std::string run_dir;  ///< $ESTIBA_RUNDIR, default /run/estiba

  static Paths from_environment();
  std::string socket() const;                          ///< the server's API socket
  std::string container(const std::string& id) const;  ///< ROOT/containers/ID
  std::string log(const std::string& id) const;        ///< ROOT/containers/ID/log
};

}  // namespace estiba::orchestrator
