// The life of each container: start, stop, exit, restart by policy, health. One coroutine at most
// acts on a container's life at a time; whoever waits for a change waits on Instance::changed.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/server/core.hpp"

namespace estiba::orchestrator {

class Supervisor {
 public:
  explicit Supervisor(Core& core);

  /// Containers that were running go on, ended ones are noticed, policies are honoured.
  void take_over();

  /// Creates what a new container has on disk: its directory, volumes filled from the image.
  Task<InstancePtr> create(ContainerRecord record);
  /// Starts it; does nothing if it runs. Errors name service and cause.
  Task<> start(InstancePtr instance);
  /// stop_signal, the grace period (nothing: the service's own), SIGKILL to all.
  Task<> stop(InstancePtr instance, std::optional<std::chrono::seconds> grace);
  void kill(const InstancePtr& instance, int signal);
  void pause(const InstancePtr& instance);
  void resume(const InstancePtr& instance);
  enum class AnonymousVolumes { keep, remove };
  Task<> remove(InstancePtr instance, AnonymousVolumes volumes);
  void rename(const InstancePtr& instance, const std::string& name);

  struct ExecResult {
    int exit_code = 0;
    std::string output;  ///< at most 4096 bytes
    bool timed_out = false;
  };
  /// Runs a command inside, to its end or the deadline (then it is killed).
  Task<ExecResult> run_inside(InstancePtr instance, runtime::Process process, Deadline deadline);
  /// The container's process with another command, as exec and hooks have it.
  runtime::ExecSpec exec_spec(const Instance& instance, std::vector<std::string> args) const;
  Task<runtime::ExecStarted> start_exec(runtime::ExecSpec spec);
  /// The exit code of a started exec; nothing if the deadline passed first.
  Task<std::optional<int>> exec_exit(std::string exec_id, Deadline deadline = no_deadline);

  /// Values that are never on disk (secrets from the environment), by container id.
  std::map<std::string, std::map<std::string, std::string>> file_contents;

 private:
  void on_exit(const runtime::ExitRecord& record);
  Task<> finish_exit(InstancePtr instance, runtime::ExitRecord record);
  Task<> start_later(InstancePtr instance, std::chrono::milliseconds delay, unsigned generation);
  Task<> launch(InstancePtr instance);
  void running(const InstancePtr& instance, runtime::Started started);
  void follow_log(Instance& instance, runtime::Streams streams);
  Task<> watch_health(InstancePtr instance, unsigned generation);
  Task<> run_hooks(InstancePtr instance, const std::vector<spec::Hook>& hooks, std::string name);
  void set_state(Instance& instance, scheduler::ContainerState state);
  void settle(const InstancePtr& instance);
  runtime::ContainerSpec prepare(Instance& instance);
  void adopt(const InstancePtr& instance, runtime::Adopted adopted);
  void recover(const InstancePtr& instance, std::optional<runtime::ExitRecord> exit);

  Core& core_;
  std::map<std::string, std::shared_ptr<Answer<int>>> execs_;
  std::set<std::string> strays_;  ///< adopted containers that nobody knows, until they have ended
};

}  // namespace estiba::orchestrator
