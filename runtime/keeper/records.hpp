// What the run directory says of each process that the keeper started, so that an anchor can tell
// whose exit it reaped, and a new keeper can adopt. Written by the keeper, read by all three.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/keeper/layout.hpp"
#include "runtime/launch/messages.hpp"

namespace estiba::runtime {

enum class ProcessKind : uint8_t { container, exec };

struct ProcessRecord {
  std::string id;
  ProcessKind kind = ProcessKind::container;
  int32_t pid = 0;
  uint64_t start_time = 0;  ///< clock ticks after boot, from /proc/PID/stat: pids are used again
  std::string boot_id;
  CgroupSetup cgroup;
  /// Inode numbers of the pipes; 0: none. The process's own descriptor table is not trusted.
  uint64_t stdin_inode = 0, stdout_inode = 0, stderr_inode = 0;
};
template <typename A>
void visit(A& a, ProcessRecord& v) {
  a(v.id, v.kind, v.pid, v.start_time, v.boot_id, v.cgroup, v.stdin_inode, v.stdout_inode,
    v.stderr_inode);
}

void save(const Layout& layout, const ProcessRecord& record);
std::optional<ProcessRecord> load_record(const Layout& layout, const std::string& id);
std::vector<ProcessRecord> load_records(const Layout& layout);
/// Removes the record and its directory.
void erase_record(const Layout& layout, const std::string& id);

void save(const Layout& layout, const Exited& exit);
std::optional<Exited> load_exit(const Layout& layout, const std::string& id);
std::vector<Exited> load_exits(const Layout& layout);

/// 0 if there is no such process.
uint64_t start_time_of(pid_t pid);
/// The process of the record, if it still is that one.
std::optional<UniqueFd> open_process(const ProcessRecord& record);

/// The count in "oom_kill N" of memory.events or memory.oom_control; 0 if unknown.
uint64_t oom_kills(const std::string& file);
uint64_t parse_oom_kills(const std::string& content);
/// An Exited from a wait(2) status, stamped with the present time.
Exited exit_from_status(const ProcessRecord& record, int wait_status);
/// For an end that nobody could witness: never code 0.
Exited unknown_exit(const ProcessRecord& record);

}  // namespace estiba::runtime
