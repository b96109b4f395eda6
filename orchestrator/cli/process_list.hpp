// The processes of a container, read from /proc as ps(1) does.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace estiba::orchestrator {

struct ProcessInfo {
  pid_t pid = 0, parent = 0;
  uid_t uid = 0;
  int cpu_percent = 0;
  std::string started;   ///< "11:55"
  std::string terminal;  ///< "?" or "pts/0"
  std::string cpu_time;  ///< "00:00:07"
  std::string command;
};

/// All processes in the cgroups of this one, itself included, by number.
std::vector<ProcessInfo> processes_beside(pid_t main_process);

/// What /proc/PID/stat says, beyond the command's name, which may hold anything.
struct ProcessStat {
  pid_t parent = 0;
  int terminal = 0;
  unsigned long long cpu_ticks = 0, start_ticks = 0;
};
ProcessStat parse_stat(const std::string& text);

}  // namespace estiba::orchestrator
