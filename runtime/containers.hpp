// The runtime's facade in the server: prepares a container (cgroup, seccomp program, mount plan),
// asks the keeper to start it, and hears of its end. Nothing here blocks on a container and nothing
// here knows an event loop: watch fd() for reading and call dispatch().
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "runtime/container_spec.hpp"

namespace estiba::runtime {

/// How a container's main process ended.
struct ExitRecord {
  std::string id;     ///< container, or exec id
  int exit_code = 0;  ///< 128 + N for signal N
  int signal = 0;     ///< 0: it exited by itself
  bool oom_killed = false;
  WallTime finished_at;
};

/// The server's ends of a container's standard streams. With a terminal only `terminal` is open.
struct Streams {
  UniqueFd stdin_writer, stdout_reader, stderr_reader;
  UniqueFd terminal;  ///< pty master
};

struct Started {
  pid_t pid = 0;
  UniqueFd pidfd;
  Streams streams;
};

/// A container that was running when this server took over from a killed one. With pid 0 it has
/// ended meanwhile (its exit is among unread_exits()); the streams still hold what it wrote last.
struct Adopted {
  std::string id;
  pid_t pid = 0;
  UniqueFd pidfd;
  Streams streams;
};

struct ExecSpec {
  std::string container_id;
  Process process;  ///< capabilities, user, env, cwd, terminal as for the main process
  SeccompMode seccomp = SeccompMode::default_profile;
  std::string seccomp_profile;
  /// Become the process's 0, 1 and 2 (pipes; never a file or terminal of the host's). Unused with
  /// process.terminal.
  UniqueFd stdin_fd, stdout_fd, stderr_fd;
};

struct ExecStarted {
  std::string exec_id;
  pid_t pid = 0;  ///< in the host's pid namespace
  UniqueFd pidfd;
  UniqueFd terminal;  ///< pty master, with process.terminal
};

/// What one container uses now.
struct Stats {
  uint64_t memory_bytes = 0, memory_limit = 0, cpu_nanoseconds = 0, pids = 0;
};

/// A value, or the Error that stands in its place (exit_code 126/127 where the command is to
/// blame).
template <typename T>
using Reply = std::function<void(std::optional<T> value, std::optional<Error> error)>;

class Containers {
 public:
  struct Config {
    std::string run_dir;    ///< $ESTIBA_RUNDIR
    std::string state_dir;  ///< $ESTIBA_ROOT
  };
  /// Takes the lock RUN_DIR/server.lock (an Error if another server has it) and connects to the
  /// keeper's socket.
  explicit Containers(Config config);
  ~Containers();

  FdRef fd() const;
  /// Reads all that waits and calls replies and on_exit.
  void dispatch();

  /// What the keeper holds of an earlier server, and the exits it recorded that nobody has taken
  /// (forget_exit). To be called once, before anything is started.
  std::vector<Adopted> take_over();
  std::vector<ExitRecord> unread_exits() const;
  void forget_exit(const std::string& id);

  /// Every container's end, and every exec's (ExitRecord::id is its exec_id).
  std::function<void(const ExitRecord&)> on_exit;

  void start(const ContainerSpec& spec, Reply<Started> reply);
  void exec(ExecSpec spec, Reply<ExecStarted> reply);
  /// The keeper holds a writer of the container's standard input too; after this and the end of
  /// the server's own it reads end of file.
  void close_stdin(const std::string& id);
  /// Sends a signal to the main process (or an exec'd one). False: it is not running.
  bool signal(const std::string& id, int signal);
  /// SIGKILL to every process of the container's cgroup.
  void kill_all(const std::string& id);
  void pause(const std::string& id);
  void resume(const std::string& id);
  Stats stats(const std::string& id) const;
  /// After its end: removes the cgroups and what the run directory holds of it.
  void remove(const std::string& id);

  /// Descriptors that must outlive this server (listening sockets), by name.
  void store_fd(const std::string& name, FdRef fd);
  void drop_fd(const std::string& name);
  std::map<std::string, UniqueFd> stored_fds();

  /// Tells keeper and anchor that nothing is left: they end when this server has ended.
  void shut_down();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Starts the anchor (which starts the keeper, which starts `server_program server`) from the
/// embedded executable, in a session of its own, with standard error in RUN_DIR/estiba.log. Returns
/// at once; the caller then waits for the server's socket. Harmless if one is running.
void start_anchor(const std::string& server_program, const Containers::Config& config);

/// "SIGTERM", "TERM", "15", "RTMIN+3" → number; nothing if there is no such signal.
std::optional<int> parse_signal(const std::string& text);
/// "NET_ADMIN", "cap_net_admin", → bit number; nothing if unknown. "ALL" is the caller's matter.
std::optional<int> parse_capability(const std::string& text);
/// The 14 capabilities that Docker gives by default: 0xa80425fb.
constexpr uint64_t default_capabilities = 0xa80425fb;
/// All that this kernel and this process have.
uint64_t all_capabilities();

}  // namespace estiba::runtime
