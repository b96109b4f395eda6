// `up` and `run`: what brings a model. Everything that can be known to be wrong is found before
// anything is changed.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/overlay.hpp"
#include "base/text.hpp"
#include "compose-spec/loader.hpp"
#include "orchestrator/security_options.hpp"
#include "orchestrator/server/api.hpp"
#include "orchestrator/server/observe.hpp"
#include "orchestrator/server/prepare.hpp"
#include "orchestrator/sound_names.hpp"
#include "scheduler/reconcile.hpp"

namespace estiba::orchestrator {
namespace {

std::string joined(const Json& params, const char* key) {
  std::vector<std::string> values = json::strings_at(params, key);
  return text::join(values, ",");
}

scheduler::UpOptions up_options(const Json& options) {
  scheduler::UpOptions out;
  out.targets = json::strings_at(options, "targets");
  out.no_deps = json::bool_at(options, "no_deps").value_or(false);
  std::string recreate = json::string_at(options, "recreate").value_or("diverged");
  if (recreate == "force") out.recreate = scheduler::Recreate::force;
  if (recreate == "never") out.recreate = scheduler::Recreate::never;
  out.recreate_dependencies = json::bool_at(options, "recreate_dependencies").value_or(false);
  out.remove_orphans = json::bool_at(options, "remove_orphans").value_or(false);
  if (!json::bool_at(options, "start").value_or(true)) out.start = scheduler::Start::no;
  if (json::bool_at(options, "wait").value_or(false))
    out.wait = scheduler::Wait::running_or_healthy;
  if (auto scale = options.find("scale"); scale != options.end() && !scale->is_null())
    out.scale = scale->get<std::map<std::string, int>>();
  return out;
}

void refuse_missing_externals(const std::vector<scheduler::MissingExternal>& missing) {
  if (missing.empty()) return;
  const scheduler::MissingExternal& first = missing.front();
  std::string kind = first.kind == scheduler::MissingExternal::Kind::network ? "network" : "volume";
  throw Error(cat(kind, " ", first.name,
                  " is declared external, but it does not exist; create it with `estiba ", kind,
                  " create ", first.name, "`"));
}

// A port that is published by a container of this project is not taken by somebody else.
bool ours(const Core& core, const std::string& project, uint16_t port) {
  for (const InstancePtr& instance : core.of_project(project)) {
    auto sandbox = core.networks.sandbox(instance->record.id);
    for (const net::PortMapping& mapping :
         sandbox ? sandbox->ports : std::vector<net::PortMapping>{})
      if (mapping.host_port == port) return true;
  }
  return false;
}

void refuse_taken_ports(Core& core, const std::string& project, const spec::Service& service) {
  for (const spec::Port& port : service.ports) {
    std::vector<uint16_t> candidates = host_port_candidates(port);
    if (candidates.size() != 1 || candidates[0] == 0 || ours(core, project, candidates[0]))
      continue;
    with_context(
        [&] {
          core.networks.check_available({port.host_ip, candidates[0], port.target, port.protocol});
        },
        "services.", service.name, ".ports");
  }
}

void refuse_missing_bind_sources(const spec::Service& service) {
  for (const spec::ServiceVolume& volume : service.volumes)
    if (volume.type == "bind" && !volume.bind.create_host_path)
      with_context([&] { vol::ensure_bind_source(volume.source, vol::MissingSource::refuse); },
                   "services.", service.name, ".volumes");
}

// What the Compose Specification lets through and no container can have.
void refuse_impossible(const spec::Service& service) {
  constexpr int64_t nanos_a_cpu = 1'000'000'000;
  long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (cpus > 0 && service.resources.nano_cpus > cpus * nanos_a_cpu)
    throw Error(cat("services.", service.name, ": more cpus are asked for than this host has, ",
                    std::to_string(cpus)));
  refuse_unkept(service, security_modules());
}

void warn_of_orphans(Connection& client, const std::string& project,
                     const std::vector<std::string>& orphans) {
  if (orphans.empty()) return;
  client.warn(cat("Found orphan containers (", text::join(orphans, ", "), ") for this project (",
                  project,
                  "). If you removed or renamed a service in your Compose file, run this command "
                  "with --remove-orphans "
                  "to clean it up."));
}

}  // namespace

RunContext Api::model_context(const Json& params) {
  RunContext context;
  context.model = params.at("project");
  context.project = spec::from_canonical_json(json::dump(context.model));
  refuse_unsound(*context.project);
  context.project_name = context.project->name;
  context.common_labels[labels::working_dir] = json::string_at(params, "working_dir").value_or("");
  context.common_labels[labels::config_files] = joined(params, "config_files");
  if (std::string files = joined(params, "env_files"); !files.empty())
    context.common_labels[labels::environment_file] = files;
  context.common_labels[labels::version] = "2.40.3";
  if (auto contents = params.find("file_contents");
      contents != params.end() && !contents->is_null())
    context.contents = contents->get<std::map<std::string, std::string>>();
  for (const std::string& name : json::strings_at(params, "disabled_services"))
    context.project->disabled_services[name].name = name;
  return context;
}

void Api::resolve_images(RunContext& context, const std::vector<std::string>& services) const {
  if (!services.empty()) require_overlay();
  std::map<std::string, std::string> known;
  for (const std::string& name : services) {
    const std::string& reference = context.project->services.at(name).image;
    auto cached = known.find(reference);
    if (cached == known.end()) {
      auto image = core_.images.find(reference);
      if (!image)
        throw Error(
            cat("services.", name, ": image \"", reference,
                "\" is not in the store; fetch it with `estiba image pull`, or make it with "
                "`estiba image bootstrap` or `estiba image import`"));
      cached = known.emplace(reference, image->id).first;
    }
    context.image_ids[name] = cached->second;
    for (const spec::ServiceVolume& volume : context.project->services.at(name).volumes)
      if (volume.type == "image")
        with_context([&] { volume_image(core_, volume.source); }, "services.", name);
  }
}

Task<> Api::run_or_roll_back(PlanRunner& runner, const scheduler::Plan& plan) {
  std::optional<Error> failure;
  try {
    co_await runner.run(plan);
  } catch (const std::exception& error) {
    failure = as_error(error);
  }
  if (!failure) co_return;
  co_await runner.roll_back();
  throw *failure;
}

Task<Json> Api::up(ConnectionPtr client, Json params) {
  RunContext context = model_context(params);
  const Json options = object_at(params, "options");
  scheduler::UpOptions wanted = up_options(options);
  context.stop_timeout = seconds_at(options, "timeout");
  context.renew_anonymous_volumes = json::bool_at(options, "renew_anon_volumes").value_or(false);
  ProjectTurn turn = co_await ProjectTurn::take(lock_of(context.project_name));
  if (auto cycle = scheduler::find_cycle(*context.project))
    throw Error(cat("dependency cycle: ", *cycle));
  std::vector<std::string> services =
      scheduler::select_services(*context.project, wanted.targets, wanted.no_deps);
  resolve_images(context, services);
  scheduler::ObservedState observed = observe(core_, context.project_name, &*context.project);
  scheduler::Desired desired{*context.project, context.image_ids};
  refuse_missing_externals(scheduler::missing_externals(desired, observed, wanted));
  for (const std::string& name : services) {
    refuse_impossible(context.project->services.at(name));
    refuse_missing_bind_sources(context.project->services.at(name));
    if (wanted.start == scheduler::Start::yes)
      refuse_taken_ports(core_, context.project_name, context.project->services.at(name));
  }
  scheduler::Plan plan = scheduler::plan_up(desired, observed, wanted);
  if (json::bool_at(options, "dry_run").value_or(false))
    co_return Json{{"plan", scheduler::to_text(plan)}};
  for (const std::string& warning : plan.warnings) client->warn(warning);
  for (const std::string& name : services)
    for (const std::string& warning :
         without_effect(context.project->services.at(name), security_modules()))
      client->warn(warning);
  if (!wanted.remove_orphans)
    warn_of_orphans(*client, context.project_name, scheduler::orphans(*context.project, observed));
  if (auto limit = seconds_at(options, "wait_timeout"); limit && limit->count() > 0)
    context.wait_deadline = std::chrono::steady_clock::now() + *limit;
  std::string project = context.project_name;
  PlanRunner runner(core_, supervisor_, client, std::move(context));
  co_await run_or_roll_back(runner, plan);
  Json containers = Json::array();
  if (json::bool_at(options, "describe").value_or(false))
    for (const InstancePtr& instance : core_.of_project(project))
      containers.push_back(describe(core_, *instance));
  co_return Json{{"containers", containers}};
}

namespace {

// In a canonical model a dollar sign is written twice.
Json as_model(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& item : value) list.push_back(as_model(item));
    return list;
  }
  std::string out;
  for (char c : value.get<std::string>()) out.append(c == '$' ? 2 : 1, c);
  return out;
}

// The service as `run` changes it: its model is what the one-off container is made from.
Json run_model(Json model, const std::string& service, const Json& params) {
  Json& own = model.at("services").at(service);
  auto args = params.find("args");
  if (args != params.end() && !args->empty()) own["command"] = as_model(*args);
  if (auto entrypoint = params.find("entrypoint");
      entrypoint != params.end() && !entrypoint->is_null()) {
    own["entrypoint"] = as_model(*entrypoint);
    if (args == params.end() || args->empty()) own["command"] = Json::array();
  }
  for (const std::string& entry : json::strings_at(params, "env")) {
    size_t equals = entry.find('=');
    own["environment"][entry.substr(0, equals)] =
        equals == std::string::npos ? Json(nullptr) : as_model(entry.substr(equals + 1));
  }
  for (const char* key : {"user", "working_dir"})
    if (auto value = json::string_at(params, std::string_view(key) == "user" ? "user" : "cwd"))
      own[key] = *value;
  own["tty"] = json::bool_at(params, "tty").value_or(false);
  own["stdin_open"] = json::bool_at(params, "stdin").value_or(false);
  own.erase("container_name");
  own.erase("healthcheck");
  own["restart"] = "no";
  if (own.contains("deploy")) own["deploy"].erase("restart_policy");
  return model;
}

ContainerRecord one_off_record(const RunContext& context, const std::string& service,
                               const Json& params) {
  ContainerRecord record;
  record.one_off = true;
  record.name = json::string_at(params, "name").value_or("");
  if (!record.name.empty()) refuse_unsound_name("--name", record.name);
  if (record.name.empty())
    record.name = cat(context.project_name, "-", service, "-run-", text::random_hex(12));
  if (json::bool_at(params, "service_ports").value_or(false))
    record.labels["estiba.publish-ports"] = "true";
  if (json::bool_at(params, "use_aliases").value_or(false))
    record.labels["estiba.use-aliases"] = "true";
  return record;
}

}  // namespace

Task<> Api::bring_dependencies(ConnectionPtr client, RunContext& context, std::string service,
                               bool alone) {
  std::vector<std::string> services =
      scheduler::select_services(*context.project, {service}, alone);
  for (const std::string& name : services) refuse_impossible(context.project->services.at(name));
  resolve_images(context, services);
  scheduler::ObservedState observed = observe(core_, context.project_name, &*context.project);
  scheduler::UpOptions wanted;
  wanted.targets = {service};
  wanted.no_deps = alone;
  scheduler::Desired desired{*context.project, context.image_ids};
  refuse_missing_externals(scheduler::missing_externals(desired, observed, wanted));
  scheduler::Plan plan = scheduler::plan_run(desired, observed, service, alone);
  PlanRunner runner(core_, supervisor_, client, context);
  co_await run_or_roll_back(runner, plan);
}

Task<> Api::start_or_remove(InstancePtr instance) {
  std::optional<Error> failure;
  try {
    co_await supervisor_.start(instance);
  } catch (const std::exception& error) {
    failure = as_error(error);
  }
  if (!failure) co_return;
  if (instance->running()) core_.containers.kill_all(instance->record.id);
  while (instance->running()) co_await instance->changed.wait();
  co_await supervisor_.remove(instance, Supervisor::AnonymousVolumes::remove);
  throw *failure;
}

Task<Json> Api::run(ConnectionPtr client, Json params) {
  RunContext context = model_context(params);
  const std::string service = json::required_string(params, "service");
  if (!context.project->services.contains(service)) throw Error(cat("no such service: ", service));
  bool detach = json::bool_at(params, "detach").value_or(false);
  bool remove = json::bool_at(params, "remove").value_or(false);
  bool alone = json::bool_at(params, "no_deps").value_or(false);
  InstancePtr instance;
  {
    ProjectTurn turn = co_await ProjectTurn::take(lock_of(context.project_name));
    co_await bring_dependencies(client, context, service, alone);
    context.model = run_model(std::move(context.model), service, params);
    context.project = spec::from_canonical_json(json::dump(context.model));
    ContainerRecord record = one_off_record(context, service, params);
    PlanRunner runner(core_, supervisor_, client, context);
    instance = co_await runner.create(context.project->services.at(service), std::move(record));
    if (!detach) instance->attached = std::make_unique<AttachedStreams>();
    co_await start_or_remove(instance);
  }
  Json started;
  started["event"]["started"] = {{"id", instance->record.id}, {"name", instance->record.name}};
  std::vector<UniqueFd> fds;
  if (instance->attached) fds = std::move(instance->attached->fds);
  client->send(started, std::move(fds));
  Json result{{"exit_code", 0}};
  if (!detach) result = co_await wait_and_remove(client, instance, remove);
  co_return result;
}

Task<Json> Api::wait_and_remove(ConnectionPtr client, InstancePtr instance, bool remove) {
  while (instance->running() || instance->starting) {
    if (client->closed()) {
      co_await supervisor_.stop(instance, std::nullopt);
      break;
    }
    co_await instance->changed.wait(std::chrono::steady_clock::now() +
                                    std::chrono::milliseconds{200});
  }
  int code = instance->status.exit_code;
  if (remove) co_await supervisor_.remove(instance, Supervisor::AnonymousVolumes::remove);
  co_return Json{{"exit_code", code}};
}

}  // namespace estiba::orchestrator
