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

/// Whether the number still means a process of this container, whose cgroups bear its id: a number
/// that was told a moment ago may be another process's by now.
bool is_in_container(pid_t process, const std::string& container_id);

/// All processes in the cgroups of the container's main process, itself included, by number; none
/// if that is gone.
std::vector<ProcessInfo> processes_of(const std::string& container_id, pid_t main_process);

/// What /proc/PID/stat says, beyond the command's name, which may hold anything.
struct ProcessStat {
  pid_t parent = 0;
  int terminal = 0;
  unsigned long long cpu_ticks = 0, start_ticks = 0;
};
ProcessStat parse_stat(const std::string& text);

}  // namespace estiba::orchestrator
