// The processes that the keeper started or adopted: containers and execs, with the descriptors that
// must outlive a server. A start does not block: the child's status socket is watched.
#pragma once
#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/keeper/loop.hpp"
#include "runtime/keeper/records.hpp"
#include "runtime/launch/child.hpp"
#include "runtime/launch/messages.hpp"
#include "runtime/launch/packet.hpp"

namespace estiba::runtime {

/// The keeper's ends of a process's streams; what is not used is empty.
struct HeldStreams {
  UniqueFd stdin_writer, stdout_reader, stderr_reader, terminal;
};

struct Child {
  ProcessRecord record;
  UniqueFd pidfd;
  HeldStreams streams;
  /// Until the execve.
  UniqueFd status;
  uint64_t request = 0;
  /// What it has yet to report.
  bool opens_terminal = false, enters_pid_namespace = false;
  bool failed = false;
  /// Set after the end, while the server has not yet taken note of it.
  bool ended = false;
};

class Children {
 public:
  /// Messages for the server, with the descriptors that belong to them.
  using Send = std::function<void(const KeeperMessage&, const std::vector<int>& fds)>;
  Children(Loop& loop, Layout layout, Send send)
      : loop_(loop), layout_(std::move(layout)), send_(std::move(send)) {}

  void launch(const Launch& message);
  void exec(const Exec& message, std::vector<UniqueFd> fds);
  /// Those that an earlier keeper started.
  void adopt();
  /// Takes what waits on the status sockets: before an exit is reaped.
  void hear_all();
  void on_exit(pid_t pid, int wait_status);
  void forget(const std::string& id);
  void close_stdin(const std::string& id);
  void return_terminal(const std::string& id, UniqueFd terminal);
  /// To a new server: everything held.
  void send_held() const;
  /// Whether a container or exec still runs.
  bool any_running() const;

 private:
  void try_launch(const Launch& message);
  void try_exec(const Exec& message, std::vector<UniqueFd> fds);
  void register_child(Child child);
  void adopt(ProcessRecord record);
  void watch_adopted(const std::string& id);
  void adopted_end(const std::string& id, int tries);
  /// Takes what waits on the status socket; ends the start at its end.
  void read_status(const std::string& id);
  void take(Child& child, const StartFailed& report, Packet& packet);
  void take(Child& child, const TerminalOpened& report, Packet& packet);
  void take(Child& child, const EnteredPidNamespace& report, Packet& packet);
  void fail_start(Child& child, const StartFailed& why);
  void end_start(Child& child);
  void finish_start(Child& child);
  /// Of a start that failed nothing stays.
  void discard(const std::string& id);
  void record_exit(Child& child, const Exited& exit);
  void keep(const Exited& exit);
  std::map<std::string, int> pidfds_of(const LaunchRequest& request) const;
  Child* running(const std::string& id);
  Child* with_pid(pid_t pid);

  Loop& loop_;
  Layout layout_;
  Send send_;
  std::map<std::string, Child> children_;
};

}  // namespace estiba::runtime
