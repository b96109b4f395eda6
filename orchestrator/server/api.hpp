// The methods of docs/api.md: each takes the request's params and answers with its result. Methods
// that change a project hold its lock, so that two commands on one project run one after the other.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "orchestrator/server/plan_runner.hpp"
#include "orchestrator/server/supervisor.hpp"

namespace estiba::orchestrator {

using ConnectionPtr = std::shared_ptr<Connection>;

class Api {
 public:
  Api(Core& core, Supervisor& supervisor) : core_(core), supervisor_(supervisor) {}

  /// The result, or an Error for the client.
  Task<Json> call(ConnectionPtr client, std::string method, Json params);

 private:
  Task<Json> up(ConnectionPtr client, Json params);
  Task<Json> run(ConnectionPtr client, Json params);
  Task<Json> down(ConnectionPtr client, Json params);
  Task<Json> start(ConnectionPtr client, Json params);
  Task<Json> stop(ConnectionPtr client, Json params);
  Task<Json> restart(ConnectionPtr client, Json params);
  Task<Json> kill(ConnectionPtr client, Json params);
  Task<Json> rm(ConnectionPtr client, Json params);
  Task<Json> pause(ConnectionPtr client, Json params);
  Task<Json> unpause(ConnectionPtr client, Json params);
  Task<Json> exec(ConnectionPtr client, Json params);
  Task<Json> ps(ConnectionPtr client, Json params);
  Task<Json> model(ConnectionPtr client, Json params);
  Task<Json> wait(ConnectionPtr client, Json params);
  Task<Json> stats(ConnectionPtr client, Json params);
  Task<Json> attach(ConnectionPtr client, Json params);
  Task<Json> events(ConnectionPtr client, Json params);
  Task<Json> networks(ConnectionPtr client, Json params);
  Task<Json> network_create(ConnectionPtr client, Json params);
  Task<Json> network_remove(ConnectionPtr client, Json params);
  Task<Json> volumes(ConnectionPtr client, Json params);
  Task<Json> volume_create(ConnectionPtr client, Json params);
  Task<Json> volume_remove(ConnectionPtr client, Json params);
  Task<Json> root(ConnectionPtr client, Json params);
  Task<Json> exec_signal(ConnectionPtr client, Json params);
  Task<Json> step(ConnectionPtr client, Json params);
  Task<Json> build(ConnectionPtr client, Json params);

  /// The context of a command that brings a model: project, images, labels. Checks what must be
  /// there before anything is changed.
  RunContext model_context(const Json& params);
  void resolve_images(RunContext& context, const std::vector<std::string>& services) const;
  using Decide = scheduler::Plan (*)(const scheduler::ObservedState& observed, const Json& params);
  Task<Json> act(ConnectionPtr client, Json params, Decide decide);
  Task<Json> carry_out(ConnectionPtr client, RunContext context, scheduler::Plan plan,
                       bool dry_run);
  Task<> run_or_roll_back(PlanRunner& runner, const scheduler::Plan& plan);
  /// Dependencies of a one-off container, networks and volumes.
  Task<> bring_dependencies(ConnectionPtr client, RunContext& context, std::string service,
                            bool alone);
  Task<> start_or_remove(InstancePtr instance);
  /// A build step's exit code; killed if its client goes.
  Task<int> step_end(ConnectionPtr client, std::string id);
  std::shared_ptr<class StepNetworks> networks_of(const Json& params);
  Task<Json> wait_and_remove(ConnectionPtr client, InstancePtr instance, bool remove);

  Core& core_;
  Supervisor& supervisor_;
  std::map<std::string, std::weak_ptr<struct ProjectLock>> locks_;
  std::map<std::string, UniqueFd> exec_pidfds_;
  std::map<std::string, std::shared_ptr<class StepNetworks>> builds_;

  std::shared_ptr<ProjectLock> lock_of(const std::string& project);
};

/// A project's turn: taken by co_await, given back when it goes out of scope.
struct ProjectLock {
  explicit ProjectLock(asio::io_context& io) : released(io) {}
  bool held = false;
  Notifier released;
};

class ProjectTurn {
 public:
  static Task<ProjectTurn> take(std::shared_ptr<ProjectLock> lock) {
    while (lock->held) co_await lock->released.wait();
    lock->held = true;
    co_return ProjectTurn(std::move(lock));
  }
  ProjectTurn(ProjectTurn&&) = default;
  ProjectTurn& operator=(ProjectTurn&&) = delete;
  ~ProjectTurn() {
    if (!lock_) return;
    lock_->held = false;
    lock_->released.notify();
  }

 private:
  explicit ProjectTurn(std::shared_ptr<ProjectLock> lock) : lock_(std::move(lock)) {}
  std::shared_ptr<ProjectLock> lock_;
};

/// The project's containers of these services (all if none is named), one-off ones left out; an
/// Error for a name that has no container.
std::vector<InstancePtr> targets_of(const Core& core, const Json& params);
/// The member, or an empty object.
Json object_at(const Json& object, const char* key);
std::optional<std::chrono::seconds> seconds_at(const Json& object, const char* key);

}  // namespace estiba::orchestrator
