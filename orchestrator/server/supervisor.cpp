#include "orchestrator/server/supervisor.hpp"

#include <algorithm>
#include <csignal>

#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/lower.hpp"
#include "orchestrator/server/contents.hpp"
#include "orchestrator/server/observe.hpp"
#include "orchestrator/server/prepare.hpp"

namespace estiba::orchestrator {
namespace {

using scheduler::ContainerState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds default_grace{10};
// How long a kill may take before the container counts as stuck.
constexpr seconds kill_bound{10};
// How long an exit waits for the last output: somebody may hold the pipe open.
constexpr milliseconds output_bound{500};

Deadline in(std::chrono::nanoseconds span) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(span);
}

LogWriter::Options log_options(const Core& core, const Instance& instance) {
  LogWriter::Options options;
  const spec::Logging& logging = instance.service().logging;
  if (logging.driver == "none") return options;
  options.path = core.paths.log(instance.record.id);
  auto option = [&](const char* name) {
    auto found = logging.options.find(name);
    return found == logging.options.end() ? std::string{} : found->second;
  };
  if (auto size = units::parse_bytes(option("max-size")))
    options.max_size = static_cast<uint64_t>(*size);
  if (auto files = text::to_uint(option("max-file")))
    options.max_files = static_cast<unsigned>(std::max<uint64_t>(1, *files));
  return options;
}

// The log has everything, or is not going to.
Task<> last_output(asio::io_context& io, std::shared_ptr<LogWriter> log) {
  asio::steady_timer bound(io, output_bound);
  bound.async_wait([log](auto error) {
    if (!error) log->stop();
  });
  co_await log->finished();
}

Task<> until_down(InstancePtr instance, Deadline deadline) {
  while (instance->running()) {
    bool in_time = co_await instance->changed.wait(deadline);
    if (!in_time) co_return;
  }
}

}  // namespace

Supervisor::Supervisor(Core& core) : core_(core) {
  core_.containers.on_exit = [this](const runtime::ExitRecord& record) { on_exit(record); };
}

void Supervisor::set_state(Instance& instance, ContainerState state) {
  instance.status.state = state;
  // A full disk must not keep anybody from hearing of it; after a restart of this server the state
  // is made out anew.
  try {
    save_status(core_.paths, instance);
  } catch (const Error& error) {
    log::error(cat("the state of ", instance.record.name, " is not on disk: ", error.message()));
  }
  instance.changed.notify();
}

Task<InstancePtr> Supervisor::create(ContainerRecord record) {
  auto instance = std::make_shared<Instance>(core_.io, std::move(record));
  std::map<std::string, ReadFile> files = read_files(*instance);
  img::ImageRecord image = image_of(core_, *instance);
  for (const std::string& target : anonymous_targets(instance->service(), image.config)) {
    std::string& volume = instance->record.anonymous_volumes[target];
    if (volume.empty())
      volume = core_.volumes.create({"", "local", {}, {{labels::anonymous_volume, ""}}}).spec.name;
  }
  for (const spec::ServiceVolume& volume : instance->service().volumes)
    if (volume.type == "image")
      instance->record.image_volumes[volume.target] = volume_image(core_, volume.source).id;
  std::string directory = core_.paths.container(instance->record.id);
  for (const char* name : {"/upper", "/work"}) fs::make_dirs(cat(directory, name), 0755);
  keep_files(core_.paths, instance->record, files);
  save_record(core_.paths, instance->record);
  save_status(core_.paths, *instance);
  core_.instances[instance->record.id] = instance;
  auto seeds = instance->record.anonymous_volumes;
  for (const spec::ServiceVolume& volume : instance->service().volumes)
    if (volume.type == "volume" && !volume.source.empty() && !volume.volume.nocopy &&
        volume.volume.subpath.empty())
      seeds[volume.target] = instance->model.volumes.at(volume.source).name;
  // The work has a name: g++ 12 destroys the captures of a lambda within co_await twice.
  auto fill_volumes = [this, seeds, layers = image.layer_dirs] {
    for (const auto& [target, volume] : seeds) core_.volumes.seed(volume, layers, target);
    return true;
  };
  if (!seeds.empty()) co_await on_pool(core_.pool, std::move(fill_volumes));
  core_.emit("create", *instance);
  co_return instance;
}

runtime::ContainerSpec Supervisor::prepare(Instance& instance) {
  img::ImageRecord image = image_of(core_, instance);
  Contents contents = kept_contents(core_.paths, instance);
  contents.merge(Contents(file_contents[instance.record.id]));
  LowerInput input{instance.model,
                   instance.service(),
                   image,
                   instance.record.id,
                   core_.paths.container(instance.record.id),
                   volume_directories(core_, instance, image),
                   std::move(contents),
                   join_namespaces(core_, instance),
                   borrowed_mounts(core_, instance),
                   image_layers(core_, instance),
                   files_in_place(instance.record)};
  write_network_files(core_, instance);
  runtime::ContainerSpec spec = lower(input);
  Health health = health_of(instance.service(), image.config);
  instance.health_test = health.args;
  instance.health.reset();
  if (!health.args.empty()) instance.health.emplace(health.policy);
  return spec;
}

Task<> Supervisor::launch(InstancePtr instance) {
  runtime::ContainerSpec spec = prepare(*instance);
  publish_ports(core_, *instance);
  auto answer = std::make_shared<Answer<runtime::Started>>(core_.io);
  core_.containers.start(spec, fill(answer));
  runtime::Started started = co_await await_answer(answer);
  running(instance, std::move(started));
}

void Supervisor::running(const InstancePtr& instance, runtime::Started started) {
  instance->pid = started.pid;
  instance->pidfd = std::move(started.pidfd);
  follow_log(*instance, std::move(started.streams));
  instance->running_since = std::chrono::steady_clock::now();
  instance->status.started_at = format_rfc3339(wall_now());
  instance->status.exit_code = 0;
  instance->status.oom_killed = false;
  instance->health_log.clear();
  core_.set_names_active(instance->record.id, true);
  set_state(*instance, ContainerState::running);
  core_.emit("start", *instance);
  if (instance->health)
    spawn(core_.io, watch_health(instance, instance->generation), "checking health");
}

void Supervisor::follow_log(Instance& instance, runtime::Streams streams) {
  if (instance.attached) {
    for (UniqueFd* fd :
         {&streams.terminal, &streams.stdin_writer, &streams.stdout_reader, &streams.stderr_reader})
      if (*fd) instance.attached->fds.push_back(std::move(*fd));
    core_.containers.close_stdin(instance.record.id);
    return;
  }
  instance.log = std::make_shared<LogWriter>(core_.io, log_options(core_, instance));
  if (streams.stdout_reader) instance.log->follow(std::move(streams.stdout_reader), "stdout");
  if (streams.stderr_reader) instance.log->follow(std::move(streams.stderr_reader), "stderr");
  if (streams.terminal) {
    instance.log->follow(sys::dup(streams.terminal), "stdout");
    instance.terminal = std::move(streams.terminal);
  }
  if (streams.stdin_writer) instance.stdin_writer = std::move(streams.stdin_writer);
}

Task<> Supervisor::start(InstancePtr instance) {
  while (instance->starting) co_await instance->changed.wait();
  if (instance->running()) co_return;
  instance->starting = true;
  ++instance->generation;
  instance->status.stopped_by_hand = false;
  std::optional<Error> failure;
  try {
    co_await launch(instance);
  } catch (const std::exception& error) {
    failure =
        as_error(error).within(cat("cannot start service \"", instance->record.service, "\""));
  }
  instance->starting = false;
  instance->changed.notify();
  if (failure) {
    instance->status.exit_code = failure->exit_code() > 1 ? failure->exit_code() : 128;
    settle(instance);
    throw *failure;
  }
  co_await run_hooks(instance, instance->service().post_start, "post_start");
}

// What a container that stays down gives back: its published ports and its names. Should the kernel
// refuse, it is down all the same.
void Supervisor::settle(const InstancePtr& instance) {
  try {
    core_.set_names_active(instance->record.id, false);
    core_.networks.unpublish(instance->record.id);
    core_.proxy.sync();
  } catch (const Error& error) {
    log::error(cat("the network of ", instance->record.name, ": ", error.message()));
  }
  if (instance->status.state != ContainerState::created || !instance->status.started_at.empty())
    set_state(*instance, ContainerState::exited);
}

void Supervisor::on_exit(const runtime::ExitRecord& record) {
  auto found = core_.instances.find(record.id);
  if (found != core_.instances.end()) {
    spawn(core_.io, finish_exit(found->second, record), "the end of a container");
    return;
  }
  if (strays_.erase(record.id) > 0) {
    core_.containers.remove(record.id);
    return;
  }
  auto& answer = execs_[record.id];
  if (!answer) answer = std::make_shared<Answer<int>>(core_.io);
  answer->value = record.exit_code;
  answer->arrived.notify();
  core_.containers.forget_exit(record.id);
}

Task<> Supervisor::finish_exit(InstancePtr instance, runtime::ExitRecord record) {
  // What ends at once may end before its start was heard of here.
  while (instance->starting) co_await instance->changed.wait();
  if (instance->log) co_await last_output(core_.io, instance->log);
  auto ran = std::chrono::steady_clock::now() - instance->running_since;
  ++instance->generation;
  instance->pid = 0;
  instance->pidfd.reset();
  instance->terminal.reset();
  instance->stdin_writer.reset();
  instance->status.exit_code = record.exit_code;
  instance->status.oom_killed = record.oom_killed;
  instance->status.finished_at = format_rfc3339(record.finished_at);
  core_.containers.forget_exit(record.id);
  std::optional<milliseconds> delay;
  if (!instance->status.stopped_by_hand) delay = instance->restarts.on_exit(record.exit_code, ran);
  instance->status.restart_count = instance->restarts.count();
  if (delay) {
    set_state(*instance, ContainerState::restarting);
    spawn(core_.io, start_later(instance, *delay, instance->generation), "a restart");
  } else {
    settle(instance);
  }
  core_.emit("die", *instance);
}

Task<> Supervisor::start_later(InstancePtr instance, milliseconds delay, unsigned generation) {
  asio::steady_timer timer(core_.io, delay);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (instance->generation != generation || instance->status.state != ContainerState::restarting)
    co_return;
  try {
    co_await start(instance);
    core_.emit("restart", *instance);
  } catch (const std::exception& thrown) {
    Error error = as_error(thrown);
    log::warning(cat(instance->record.name, " could not be restarted: ", error.message()));
    instance->status.exit_code = error.exit_code();
    auto next = instance->restarts.on_exit(error.exit_code(), seconds{0});
    if (!next) co_return;
    set_state(*instance, ContainerState::restarting);
    spawn(core_.io, start_later(instance, *next, instance->generation), "a restart");
  }
}

Task<> Supervisor::stop(InstancePtr instance, std::optional<seconds> grace) {
  while (instance->starting) co_await instance->changed.wait();
  instance->status.stopped_by_hand = true;
  if (instance->status.state == ContainerState::restarting) {
    ++instance->generation;
    settle(instance);
    core_.emit("stop", *instance);
    co_return;
  }
  if (!instance->running()) co_return;
  if (instance->status.state == ContainerState::paused) resume(instance);
  co_await run_hooks(instance, instance->service().pre_stop, "pre_stop");
  int signal = SIGTERM;
  if (auto image = core_.images.find(instance->record.image_id))
    signal = stop_signal_of(instance->service(), image->config);
  std::chrono::nanoseconds patience = instance->service().stop_grace_period.value_or(default_grace);
  if (grace) patience = *grace;
  core_.containers.signal(instance->record.id, signal);
  Deadline deadline = in(patience);
  co_await until_down(instance, deadline);
  if (instance->running()) core_.containers.kill_all(instance->record.id);
  co_await until_down(instance, in(kill_bound));
  if (instance->running())
    throw Error(cat(instance->record.name,
                    " does not end even after SIGKILL; a process in it is stuck in the kernel"));
  core_.emit("stop", *instance);
}

void Supervisor::kill(const InstancePtr& instance, int signal) {
  // A container killed by a command stays down, as with Docker; other signals are its own matter.
  if (signal == SIGKILL || signal == SIGTERM) instance->status.stopped_by_hand = true;
  if (!core_.containers.signal(instance->record.id, signal))
    throw Error(cat("container ", instance->record.name, " is not running"));
  core_.emit("kill", *instance);
}

void Supervisor::pause(const InstancePtr& instance) {
  if (instance->status.state == ContainerState::paused)
    throw Error(cat("container ", instance->record.name, " is already paused"));
  core_.containers.pause(instance->record.id);
  set_state(*instance, ContainerState::paused);
  core_.emit("pause", *instance);
}

void Supervisor::resume(const InstancePtr& instance) {
  if (instance->status.state != ContainerState::paused)
    throw Error(cat("container ", instance->record.name, " is not paused"));
  core_.containers.resume(instance->record.id);
  set_state(*instance, ContainerState::running);
  core_.emit("unpause", *instance);
}

Task<> Supervisor::remove(InstancePtr instance, AnonymousVolumes volumes) {
  while (instance->starting) co_await instance->changed.wait();
  const std::string id = instance->record.id;
  if (!core_.instances.contains(id)) co_return;
  if (instance->running())
    throw Error(cat("container ", instance->record.name, " is running; stop it first"));
  ++instance->generation;
  core_.networks.remove_sandbox(id);
  core_.proxy.sync();
  core_.instances.erase(id);
  file_contents.erase(id);
  std::string doomed = cat(core_.paths.container(id), ".removing");
  sys::rename(core_.paths.container(id), doomed);
  auto remove_files = [doomed] {
    fs::remove_tree(doomed);
    return true;
  };
  co_await on_pool(core_.pool, std::move(remove_files));
  core_.containers.remove(id);
  if (volumes == AnonymousVolumes::remove)
    for (const auto& [target, volume] : instance->record.anonymous_volumes)
      core_.volumes.remove(volume);
  core_.emit("destroy", *instance);
}

void Supervisor::rename(const InstancePtr& instance, const std::string& name) {
  instance->record.name = name;
  save_record(core_.paths, instance->record);
}

}  // namespace estiba::orchestrator
