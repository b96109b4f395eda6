// A container as the server knows it: what it is made from (kept in
// ROOT/containers/ID/container.json), how it stands (state.json beside it), and what the server
// holds of it while it runs.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "compose-spec/project.hpp"
#include "orchestrator/paths.hpp"
#include "orchestrator/server/async.hpp"
#include "orchestrator/server/log_writer.hpp"
#include "runtime/containers.hpp"
#include "scheduler/health_tracker.hpp"
#include "scheduler/observed_state.hpp"
#include "scheduler/restart_tracker.hpp"

namespace estiba::orchestrator {

/// What a container is made from; written once, but for its name.
struct ContainerRecord {
  std::string id, name, project, service;
  int number = 1;
  bool one_off = false;
  std::string image_id;
  std::string created;  ///< RFC 3339
  std::map<std::string, std::string> labels;
  /// Target → name of the anonymous volume mounted there.
  std::map<std::string, std::string> anonymous_volumes;
  /// Target → id of the image that is mounted there.
  std::map<std::string, std::string> image_volumes;
  /// Service → id of its container that this one's namespaces are shared with.
  std::map<std::string, std::string> joins;
  /// What was read from files when it was made (see contents.hpp) → where the file lay.
  std::map<std::string, std::string> kept_files;
  /// The canonical model with this one service and what it refers to.
  std::string model;
};

struct ContainerStatus {
  scheduler::ContainerState state = scheduler::ContainerState::created;
  int exit_code = 0;
  bool oom_killed = false;
  /// Stopped by a command: the restart policy leaves it alone until it is started.
  bool stopped_by_hand = false;
  int restart_count = 0;
  std::string started_at, finished_at;  ///< RFC 3339, or empty
};

struct HealthProbe {
  int exit_code = 0;
  std::string output, start, end;
};

/// `run` has the container's own pipes or terminal, instead of the log.
struct AttachedStreams {
  std::vector<UniqueFd> fds;  ///< stdin (may be missing), stdout, stderr; or the terminal alone
};

struct Instance {
  Instance(asio::io_context& io, ContainerRecord r);

  ContainerRecord record;
  ContainerStatus status;
  /// record.model, bound.
  spec::Project model;
  const spec::Service& service() const { return model.services.begin()->second; }

  pid_t pid = 0;
  UniqueFd pidfd;
  std::optional<UniqueFd> stdin_writer, terminal;
  std::shared_ptr<LogWriter> log;
  std::unique_ptr<AttachedStreams> attached;
  std::chrono::steady_clock::time_point running_since;

  scheduler::RestartTracker restarts;
  std::optional<scheduler::HealthTracker> health;
  std::vector<std::string> health_test;
  std::vector<HealthProbe> health_log;
  /// Counts starts: a coroutine of an earlier run sees that it is out of date.
  unsigned generation = 0;
  bool starting = false;

  /// Any change of status or health.
  Notifier changed;

  bool running() const {
    return status.state == scheduler::ContainerState::running ||
           status.state == scheduler::ContainerState::paused;
  }
  scheduler::HealthState health_state() const {
    return health && running() ? health->state() : scheduler::HealthState::none;
  }
};

using InstancePtr = std::shared_ptr<Instance>;

void save_record(const Paths& paths, const ContainerRecord& record);
void save_status(const Paths& paths, const Instance& instance);
/// Every container of the state root. One whose files cannot be read is set aside (renamed to
/// ID.unreadable) and named in `problems`.
std::vector<InstancePtr> load_instances(asio::io_context& io, const Paths& paths,
                                        std::vector<std::string>& problems);

const char* to_text(scheduler::ContainerState state);
const char* to_text(scheduler::HealthState state);

}  // namespace estiba::orchestrator
