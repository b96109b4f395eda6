// down, start, stop, restart, kill, rm, pause, unpause: what needs no file, only labels.
#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>

#include "compose-spec/loader.hpp"
#include "orchestrator/server/api.hpp"
#include "orchestrator/server/observe.hpp"
#include "scheduler/reconcile.hpp"

namespace estiba::orchestrator {
namespace {

RunContext plain_context(const Json& params) {
  RunContext context;
  context.project_name = json::required_string(params, "project");
  context.stop_timeout = seconds_at(params, "timeout");
  return context;
}

}  // namespace

// What down, start, stop and restart have decided is told under `dry_run`, or carried out.
Task<Json> Api::carry_out(ConnectionPtr client, RunContext context, scheduler::Plan plan,
                          bool dry_run) {
  if (dry_run) co_return Json{{"plan", scheduler::to_text(plan)}};
  for (const std::string& warning : plan.warnings) client->warn(warning);
  PlanRunner runner(core_, supervisor_, client, std::move(context));
  co_await runner.run(plan);
  co_return Json{{"removed", runner.removed()}};
}

Task<Json> Api::down(ConnectionPtr client, Json params) {
  RunContext context = plain_context(params);
  const Json options = object_at(params, "options");
  context.stop_timeout = seconds_at(options, "timeout");
  scheduler::DownOptions wanted;
  wanted.targets = json::strings_at(options, "targets");
  wanted.remove_volumes = json::bool_at(options, "volumes").value_or(false);
  wanted.remove_orphans = json::bool_at(options, "remove_orphans").value_or(false);
  if (auto model = params.find("model"); model != params.end() && !model->is_null()) {
    wanted.project = spec::from_canonical_json(json::dump(*model));
    for (const std::string& name : json::strings_at(params, "disabled_services"))
      wanted.project->disabled_services[name].name = name;
  }
  context.remove_anonymous_volumes = wanted.remove_volumes;
  ProjectTurn turn = co_await ProjectTurn::take(lock_of(context.project_name));
  scheduler::ObservedState observed =
      observe(core_, context.project_name, wanted.project ? &*wanted.project : nullptr);
  scheduler::Plan plan = scheduler::plan_down(observed, wanted);
  bool dry_run = json::bool_at(options, "dry_run").value_or(false);
  co_return co_await carry_out(client, std::move(context), std::move(plan), dry_run);
}

// start, stop and restart: containers that exist, chosen by service.
Task<Json> Api::act(ConnectionPtr client, Json params, Decide decide) {
  RunContext context = plain_context(params);
  if (auto limit = seconds_at(params, "wait_timeout"); limit && limit->count() > 0)
    context.wait_deadline = std::chrono::steady_clock::now() + *limit;
  ProjectTurn turn = co_await ProjectTurn::take(lock_of(context.project_name));
  targets_of(core_, params);
  scheduler::Plan plan = decide(observe(core_, context.project_name, nullptr), params);
  bool dry_run = json::bool_at(params, "dry_run").value_or(false);
  co_return co_await carry_out(client, std::move(context), std::move(plan), dry_run);
}

Task<Json> Api::start(ConnectionPtr client, Json params) {
  Decide decide = [](const scheduler::ObservedState& observed, const Json& asked) {
    bool waits = json::bool_at(asked, "wait").value_or(false);
    return scheduler::plan_start(observed, json::strings_at(asked, "targets"),
                                 waits ? scheduler::Wait::running_or_healthy : scheduler::Wait::no);
  };
  return act(std::move(client), std::move(params), decide);
}

Task<Json> Api::stop(ConnectionPtr client, Json params) {
  Decide decide = [](const scheduler::ObservedState& observed, const Json& asked) {
    return scheduler::plan_stop(observed, json::strings_at(asked, "targets"));
  };
  return act(std::move(client), std::move(params), decide);
}

Task<Json> Api::restart(ConnectionPtr client, Json params) {
  Decide decide = [](const scheduler::ObservedState& observed, const Json& asked) {
    bool alone = json::bool_at(asked, "no_deps").value_or(false);
    return scheduler::plan_restart(
        observed, json::strings_at(asked, "targets"),
        alone ? scheduler::Dependents::leave : scheduler::Dependents::restart);
  };
  return act(std::move(client), std::move(params), decide);
}

Task<Json> Api::kill(ConnectionPtr client, Json params) {
  std::string name = json::string_at(params, "signal").value_or("SIGKILL");
  auto signal = runtime::parse_signal(name);
  if (!signal) throw Error(cat("unknown signal \"", name, "\""));
  std::vector<InstancePtr> targets = targets_of(core_, params);
  std::erase_if(targets, [](const auto& instance) { return !instance->running(); });
  for (const InstancePtr& instance : targets) {
    client->progress(progress_id(*instance), "Killing", "working");
    supervisor_.kill(instance, *signal);
  }
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  for (const InstancePtr& instance : targets) {
    while (*signal == SIGKILL && instance->running())
      if (!co_await instance->changed.wait(deadline)) break;
    client->progress(progress_id(*instance), "Killed", "done");
  }
  co_return Json::object();
}

Task<Json> Api::rm(ConnectionPtr client, Json params) {
  RunContext context = plain_context(params);
  ProjectTurn turn = co_await ProjectTurn::take(lock_of(context.project_name));
  std::vector<InstancePtr> targets = targets_of(core_, params);
  auto volumes = json::bool_at(params, "volumes").value_or(false)
                     ? Supervisor::AnonymousVolumes::remove
                     : Supervisor::AnonymousVolumes::keep;
  int removed = 0;
  for (const InstancePtr& instance : targets) {
    if (json::bool_at(params, "stop").value_or(false))
      co_await supervisor_.stop(instance, context.stop_timeout);
    if (instance->running() || instance->status.state == scheduler::ContainerState::restarting)
      continue;
    client->progress(progress_id(*instance), "Removing", "working");
    co_await supervisor_.remove(instance, volumes);
    client->progress(progress_id(*instance), "Removed", "done");
    ++removed;
  }
  co_return Json{{"removed", removed}};
}

Task<Json> Api::pause(ConnectionPtr client, Json params) {
  for (const InstancePtr& instance : targets_of(core_, params)) {
    if (!instance->running()) continue;
    supervisor_.pause(instance);
    client->progress(progress_id(*instance), "Paused", "done");
  }
  co_return Json::object();
}

Task<Json> Api::unpause(ConnectionPtr client, Json params) {
  for (const InstancePtr& instance : targets_of(core_, params)) {
    if (instance->status.state != scheduler::ContainerState::paused) continue;
    supervisor_.resume(instance);
    client->progress(progress_id(*instance), "Unpaused", "done");
  }
  co_return Json::object();
}

}  // namespace estiba::orchestrator
