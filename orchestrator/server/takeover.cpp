// A new server after a killed one, or after a reboot: running containers go on under it, ends that
// nobody saw are dealt with, and restart policies hold.
#include <algorithm>

#include "base/fs.hpp"
#include "base/log.hpp"
#include "orchestrator/lower.hpp"
#include "orchestrator/server/prepare.hpp"
#include "orchestrator/server/supervisor.hpp"

namespace estiba::orchestrator {

using scheduler::ContainerState;

void Supervisor::take_over() {
  std::vector<std::string> problems;
  for (const InstancePtr& instance : load_instances(core_.io, core_.paths, problems))
    core_.instances[instance->record.id] = instance;
  for (const std::string& problem : problems) log::error(problem);
  for (const std::string& name : fs::list_dir(cat(core_.paths.root, "/containers")))
    if (name.ends_with(".removing")) fs::remove_tree(cat(core_.paths.root, "/containers/", name));
  for (const std::string& id : core_.networks.sandboxes())
    if (!core_.instances.contains(id)) core_.networks.remove_sandbox(id);
  std::map<std::string, runtime::ExitRecord> exits;
  for (const runtime::ExitRecord& record : core_.containers.unread_exits())
    exits[record.id] = record;
  for (runtime::Adopted& adopted : core_.adopted) {
    auto found = core_.instances.find(adopted.id);
    if (found == core_.instances.end()) {
      // A build's step, whose client went with the server before this one.
      core_.containers.kill_all(adopted.id);
      strays_.insert(adopted.id);
    } else if (adopted.pid == 0) {
      // It has ended: its exit is among the unread ones, its last lines are still in the pipes.
      follow_log(*found->second, std::move(adopted.streams));
    } else {
      adopt(found->second, std::move(adopted));
    }
  }
  core_.adopted.clear();
  for (const auto& [id, instance] : core_.instances) {
    if (instance->pid != 0) continue;
    auto exit = exits.find(id);
    recover(instance, exit == exits.end() ? std::nullopt : std::optional(exit->second));
  }
  for (const auto& [id, record] : exits)
    if (strays_.erase(id) > 0)
      core_.containers.remove(id);
    else if (!core_.instances.contains(id))
      core_.containers.forget_exit(id);
  core_.names.sync();
  core_.proxy.sync();
}

void Supervisor::adopt(const InstancePtr& instance, runtime::Adopted adopted) {
  instance->pid = adopted.pid;
  instance->pidfd = std::move(adopted.pidfd);
  follow_log(*instance, std::move(adopted.streams));
  instance->running_since = std::chrono::steady_clock::now();
  if (auto started = parse_rfc3339(instance->status.started_at))
    instance->running_since -=
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(wall_now() - *started);
  if (!instance->running()) instance->status.state = ContainerState::running;
  core_.set_names_active(instance->record.id, true);
  Health health = health_of(instance->service(), image_of(core_, *instance).config);
  instance->health_test = health.args;
  if (health.args.empty()) return;
  instance->health.emplace(health.policy);
  spawn(core_.io, watch_health(instance, instance->generation), "checking health");
}

// Not running now, whatever its file says.
void Supervisor::recover(const InstancePtr& instance, std::optional<runtime::ExitRecord> exit) {
  bool was_up = instance->running() || instance->status.state == ContainerState::restarting;
  if (exit) {
    spawn(core_.io, finish_exit(instance, *exit), "the end of a container");
  } else if (was_up) {
    // Nobody saw its end: the machine was restarted, or keeper and anchor were killed.
    runtime::ExitRecord unseen{instance->record.id, 255, 0, false, wall_now()};
    spawn(core_.io, finish_exit(instance, unseen), "the end of a container");
  } else if (instance->status.state == ContainerState::exited &&
             !instance->status.stopped_by_hand &&
             instance->service().restart.condition == spec::RestartCondition::always &&
             !core_.networks.sandbox(instance->record.id)) {
    set_state(*instance, ContainerState::restarting);
    spawn(core_.io, start_later(instance, std::chrono::milliseconds{0}, instance->generation),
          "a restart");
  }
}

}  // namespace estiba::orchestrator
