#include "orchestrator/server/plan_runner.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/text.hpp"
#include "orchestrator/server/observe.hpp"
#include "orchestrator/server/prepare.hpp"
#include "scheduler/executor.hpp"

namespace estiba::orchestrator {
namespace {

using scheduler::ContainerState;
using scheduler::HealthState;
using spec::DependsOnCondition;

// `up --wait` without a health check: running for this long, so that what exits at once is noticed.
constexpr std::chrono::milliseconds settled{300};

// Free, not a lambda: it outlives the call that spawns it.
Task<> relay_change(InstancePtr instance, std::shared_ptr<Notifier> to, Deadline until) {
  co_await instance->changed.wait(until);
  to->notify();
}

}  // namespace

Json model_of_service(const Json& model, const spec::Service& service) {
  Json subset{{"name", model.at("name")},
              {"services", {{service.name, model.at("services").at(service.name)}}}};
  std::set<std::string> networks;
  std::set<std::string> volumes;
  std::set<std::string> configs;
  std::set<std::string> secrets;
  for (const auto& [key, use] : service.networks) networks.insert(key);
  for (const spec::ServiceVolume& volume : service.volumes)
    if (volume.type == "volume") volumes.insert(volume.source);
  for (const spec::FileReference& use : service.configs) configs.insert(use.source);
  for (const spec::FileReference& use : service.secrets) secrets.insert(use.source);
  for (const auto& [section, wanted] :
       {std::pair{"networks", &networks}, std::pair{"volumes", &volumes},
        std::pair{"configs", &configs}, std::pair{"secrets", &secrets}}) {
    if (!model.contains(section)) continue;
    Json kept = Json::object();
    for (const std::string& key : *wanted)
      if (auto found = model.at(section).find(key); found != model.at(section).end())
        kept[key] = *found;
    subset[section] = std::move(kept);
  }
  return subset;
}

PlanRunner::PlanRunner(Core& core, Supervisor& supervisor, std::shared_ptr<Connection> client,
                       RunContext context)
    : core_(core),
      supervisor_(supervisor),
      client_(std::move(client)),
      context_(std::move(context)) {}

void PlanRunner::reserve_addresses(const spec::Network& network) {
  std::vector<std::string> addresses;
  for (const auto& [name, service] : context_.project->services)
    for (const auto& [key, use] : service.networks)
      if (context_.project->networks.at(key).name == network.name)
        for (const std::string& address : {use.ipv4_address, use.ipv6_address})
          if (!address.empty()) addresses.push_back(address);
  core_.networks.reserve(network.name, addresses);
}

Task<> PlanRunner::run(const scheduler::Plan& plan) {
  if (context_.project)
    for (const auto& [key, network] : context_.project->networks)
      if (core_.networks.find(network.name)) reserve_addresses(network);
  scheduler::Execution execution(plan);
  Notifier step(core_.io);
  auto node_ended = [&](scheduler::NodeId id, std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
      execution.succeeded(id);
    } catch (const std::exception& thrown) {
      Error failure = as_error(thrown);
      size_t before = execution.failures().size();
      execution.failed(id, failure.message());
      if (!failure_ && execution.failures().size() > before) failure_ = failure;
    }
    step.notify();
  };
  while (true) {
    for (scheduler::NodeId id : execution.take_ready())
      asio::co_spawn(core_.io, run_node(plan.nodes[static_cast<size_t>(id)]),
                     [&node_ended, id](std::exception_ptr error) { node_ended(id, error); });
    if (execution.done()) break;
    co_await step.wait();
  }
  if (!failure_) co_return;
  std::vector<std::string> all = execution.failures();
  throw Error(text::join(all, "\n"), failure_->exit_code());
}

Task<> PlanRunner::run_node(const scheduler::PlanNode& node) {
  return std::visit([this](const auto& action) { return perform(action); }, node.action);
}

Task<> PlanRunner::perform(scheduler::CreateNetwork action) {
  const spec::Network& network = context_.project->networks.at(action.key);
  std::string id = cat("Network ", network.name);
  client_->progress(id, "Creating", "working");
  net::NetworkSpec wanted;
  wanted.name = network.name;
  if (!network.driver.empty() && network.driver != "default") wanted.driver = network.driver;
  for (const spec::IpamPool& pool : network.ipam)
    wanted.ipam.push_back({pool.subnet,
                           pool.ip_range,
                           pool.gateway,
                           {pool.aux_addresses.begin(), pool.aux_addresses.end()}});
  wanted.internal = network.internal;
  wanted.ipv6 = network.enable_ipv6.value_or(false);
  wanted.driver_opts = network.driver_opts;
  wanted.labels = network.labels;
  wanted.labels[labels::project] = context_.project_name;
  wanted.labels[labels::network] = action.key;
  wanted.labels[labels::config_hash] = network.config_hash;
  with_context([&] { core_.networks.create(wanted); }, "cannot create network \"", network.name,
               "\"");
  created_networks_.push_back(network.name);
  reserve_addresses(network);
  core_.names.sync();
  client_->progress(id, "Created", "done");
  co_return;
}

Task<> PlanRunner::perform(scheduler::RemoveNetwork action) {
  std::string id = cat("Network ", action.name);
  client_->progress(id, "Removing", "working");
  try {
    core_.networks.remove(action.name);
  } catch (const Error& error) {
    // As Docker: somebody else's container holds it, and that is no failure of `down`.
    client_->progress(id, "Resource is still in use", "warning");
    client_->warn(error.message());
    co_return;
  }
  core_.names.sync();
  ++removed_;
  client_->progress(id, "Removed", "done");
}

Task<> PlanRunner::perform(scheduler::CreateVolume action) {
  const spec::Volume& volume = context_.project->volumes.at(action.key);
  std::string id = cat("Volume ", volume.name);
  client_->progress(id, "Creating", "working");
  vol::VolumeSpec wanted{volume.name, volume.driver.empty() ? "local" : volume.driver,
                         volume.driver_opts, volume.labels};
  wanted.labels[labels::project] = context_.project_name;
  wanted.labels[labels::volume] = action.key;
  wanted.labels[labels::config_hash] = volume.config_hash;
  with_context([&] { core_.volumes.create(wanted); }, "cannot create volume \"", volume.name, "\"");
  created_volumes_.push_back(volume.name);
  client_->progress(id, "Created", "done");
  co_return;
}

Task<> PlanRunner::perform(scheduler::RemoveVolume action) {
  std::string id = cat("Volume ", action.name);
  client_->progress(id, "Removing", "working");
  auto remove = [this, name = action.name] {
    core_.volumes.remove(name);
    return true;
  };
  co_await on_pool(core_.pool, std::move(remove));
  ++removed_;
  client_->progress(id, "Removed", "done");
}

Task<InstancePtr> PlanRunner::create(const spec::Service& service, ContainerRecord record) {
  if (core_.by_name(record.name))
    throw Error(cat("container name \"", record.name, "\" is already in use"));
  record.id = text::random_hex(64);
  record.project = context_.project_name;
  record.service = service.name;
  record.image_id = context_.image_ids.at(service.name);
  record.created = format_rfc3339(wall_now());
  record.model = json::dump(model_of_service(context_.model, service));
  for (const auto& [key, value] : service.labels) record.labels[key] = value;
  for (const auto& [key, value] : context_.common_labels) record.labels[key] = value;
  record.labels[labels::project] = context_.project_name;
  record.labels[labels::service] = service.name;
  record.labels[labels::number] = std::to_string(record.number);
  record.labels[labels::one_off] = record.one_off ? "True" : "False";
  record.labels[labels::config_hash] = service.config_hash;
  record.labels[labels::image] = record.image_id;
  record.labels[labels::depends_on] = scheduler::depends_on_label(service);
  supervisor_.file_contents[record.id] = context_.contents;
  InstancePtr instance = co_await supervisor_.create(std::move(record));
  created_.push_back(instance);
  co_return instance;
}

Task<> PlanRunner::perform(scheduler::CreateContainer action) {
  const spec::Service& service = context_.project->services.at(action.service);
  ContainerRecord record;
  record.name = action.name;
  record.number = action.number;
  InstancePtr replaced = action.replaces.empty() ? nullptr : find(action.replaces);
  if (replaced && !context_.renew_anonymous_volumes)
    record.anonymous_volumes = replaced->record.anonymous_volumes;
  if (auto kept = kept_volumes_.find(action.name); kept != kept_volumes_.end())
    record.anonymous_volumes = kept->second;
  for (const auto& [joined, container] : action.joins)
    record.joins[joined] = find(container)->record.id;
  std::string id = cat("Container ", action.name);
  client_->progress(id, replaced ? "Recreate" : "Creating", "working");
  // The old one keeps its name for the user to see until it is gone.
  if (replaced)
    supervisor_.rename(replaced, cat(replaced->record.id.substr(0, 12), "_", action.name));
  InstancePtr instance = co_await create(service, std::move(record));
  client_->progress(id, replaced ? "Recreated" : "Created", "done");
}

Task<> PlanRunner::perform(scheduler::StartContainer action) {
  InstancePtr instance = find(action.container);
  if (instance->running()) co_return;
  client_->progress(progress_id(*instance), "Starting", "working");
  instance->restarts.reset();
  co_await supervisor_.start(instance);
  client_->progress(progress_id(*instance), "Started", "done");
}

Task<> PlanRunner::perform(scheduler::StopContainer action) {
  InstancePtr instance = find(action.container);
  client_->progress(progress_id(*instance), "Stopping", "working");
  co_await supervisor_.stop(instance, context_.stop_timeout);
  client_->progress(progress_id(*instance), "Stopped", "done");
}

Task<> PlanRunner::perform(scheduler::RemoveContainer action) {
  InstancePtr instance = find(action.container);
  bool handed_over = !action.successor.empty() && !context_.renew_anonymous_volumes;
  if (handed_over) kept_volumes_[action.successor] = instance->record.anonymous_volumes;
  bool anonymous = context_.remove_anonymous_volumes ||
                   (!action.successor.empty() && context_.renew_anonymous_volumes);
  std::string id = progress_id(*instance);
  if (action.successor.empty()) client_->progress(id, "Removing", "working");
  auto volumes =
      anonymous ? Supervisor::AnonymousVolumes::remove : Supervisor::AnonymousVolumes::keep;
  co_await supervisor_.remove(instance, volumes);
  ++removed_;
  if (action.successor.empty()) client_->progress(id, "Removed", "done");
}

InstancePtr PlanRunner::find(const std::string& container) const {
  if (container.starts_with('=')) {
    for (const InstancePtr& instance : created_)
      if (instance->record.name == container.substr(1)) return instance;
  } else if (auto found = core_.instances.find(container); found != core_.instances.end()) {
    return found->second;
  }
  throw Error(cat("container ", container, " is gone"));
}

std::vector<InstancePtr> PlanRunner::replicas(const std::string& service) const {
  std::vector<InstancePtr> found = core_.of_project(context_.project_name);
  std::erase_if(found, [&](const auto& instance) {
    return instance->record.service != service || instance->record.one_off;
  });
  return found;
}

bool PlanRunner::meets(const Instance& instance, const scheduler::WaitFor& wait) const {
  const std::string& name = instance.record.name;
  std::string failed = wait.waiter.empty() ? "" : "dependency failed to start: ";
  bool ended = instance.status.state == ContainerState::exited ||
               instance.status.state == ContainerState::dead;
  std::string code = std::to_string(instance.status.exit_code);
  if (wait.condition == DependsOnCondition::service_completed_successfully) {
    if (ended && instance.status.exit_code != 0)
      throw Error(cat("service \"", wait.service, "\" didn't complete successfully: ", name,
                      " exited with ", code, "; see `logs ", wait.service, "`"));
    return ended;
  }
  if (ended && !instance.starting && wait.condition == DependsOnCondition::service_healthy)
    throw Error(
        cat(failed, "container ", name, " exited (", code, "); see `logs ", wait.service, "`"));
  if (wait.condition == DependsOnCondition::service_started) return true;
  if (!instance.running()) return false;
  if (!instance.health && !wait.waiter.empty())
    throw Error(cat(failed, "container ", name, " has no healthcheck configured"));
  if (!instance.health) return std::chrono::steady_clock::now() - instance.running_since >= settled;
  if (instance.health->state() == HealthState::unhealthy) {
    std::string output = instance.health_log.empty()
                             ? ""
                             : std::string(text::trim(instance.health_log.back().output));
    throw Error(cat(failed, "container ", name, " is unhealthy",
                    output.empty() ? "" : "; its last check said: ", output));
  }
  return instance.health->state() == HealthState::healthy;
}

Task<> PlanRunner::wait_for_change(const std::vector<InstancePtr>& instances, Deadline deadline) {
  auto changed = std::make_shared<Notifier>(core_.io);
  // A look every so often as well: a settling time passes without a change.
  deadline = std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds{50});
  for (const InstancePtr& instance : instances)
    spawn(core_.io, relay_change(instance, changed, deadline), "waiting for a change");
  co_await changed->wait(deadline);
}

Task<> PlanRunner::perform(scheduler::WaitFor action) {
  std::string done =
      action.condition == DependsOnCondition::service_completed_successfully ? "Exited" : "Healthy";
  std::vector<InstancePtr> waiting = replicas(action.service);
  if (action.condition == DependsOnCondition::service_started) co_return;
  for (const InstancePtr& instance : waiting)
    client_->progress(progress_id(*instance), "Waiting", "working");
  while (true) {
    for (const InstancePtr& instance : std::vector(waiting)) {
      bool met = false;
      try {
        met = meets(*instance, action);
      } catch (const Error&) {
        client_->progress(progress_id(*instance), "Error", action.required ? "error" : "warning");
        throw;
      }
      if (!met) continue;
      client_->progress(progress_id(*instance), done, "done");
      std::erase(waiting, instance);
    }
    if (waiting.empty()) co_return;
    if (client_->closed()) throw Error("interrupted", 130);
    if (std::chrono::steady_clock::now() >= context_.wait_deadline)
      throw Error(cat("timed out: ", action.service, " is not healthy yet"));
    co_await wait_for_change(waiting, context_.wait_deadline);
  }
}

// What fails here must not hide why the run failed: it is logged, and the rest goes on. Where a
// part of the project has come up, all stays as it is, to be looked at or brought up by another
// `up`.
Task<> PlanRunner::roll_back() {
  std::vector<InstancePtr> doomed;
  for (const InstancePtr& instance : created_) {
    if (!instance->status.started_at.empty()) co_return;
    if (core_.instances.contains(instance->record.id)) doomed.push_back(instance);
  }
  for (const InstancePtr& instance : doomed) {
    try {
      co_await supervisor_.remove(instance, Supervisor::AnonymousVolumes::remove);
    } catch (const std::exception& error) {
      log::warning(cat("taking back ", instance->record.name, ": ", error.what()));
    }
  }
  if (!core_.of_project(context_.project_name).empty()) co_return;
  for (const std::string& network : created_networks_) core_.networks.remove(network);
  for (const std::string& volume : created_volumes_) core_.volumes.remove(volume);
  core_.names.sync();
}

}  // namespace estiba::orchestrator
