// What the supervisor runs inside a container: execs, health probes, hooks.
#include <array>
#include <boost/asio/buffer.hpp>
#include <csignal>

#include "base/log.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/lower.hpp"
#include "orchestrator/server/contents.hpp"
#include "orchestrator/server/prepare.hpp"
#include "orchestrator/server/supervisor.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t kept_output = 4096;
constexpr size_t kept_probes = 5;

struct Output {
  explicit Output(asio::io_context& io, UniqueFd fd) : reader(io, fd.release()) {}
  asio::posix::stream_descriptor reader;
  std::string text;
};

// Reads to the end of the pipe; beyond what is kept it is read and dropped.
Task<> collect(std::shared_ptr<Output> output) {
  std::array<char, 4096> buffer;
  while (true) {
    auto [error, got] = co_await output->reader.async_read_some(
        asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    output->text.append(buffer.data(), std::min(got, kept_output - output->text.size()));
  }
}

}  // namespace

runtime::ExecSpec Supervisor::exec_spec(const Instance& instance,
                                        std::vector<std::string> args) const {
  img::ImageRecord image = image_of(core_, instance);
  // Only the process is wanted of the lowered container, and no mount takes part in that.
  spec::Service service = instance.service();
  service.volumes.clear();
  service.tmpfs.clear();
  service.configs.clear();
  service.secrets.clear();
  image.config.volumes.clear();
  Contents contents;
  if (auto profile = kept_content(core_.paths, instance.record, seccomp_content))
    contents[seccomp_content] = *profile;
  LowerInput input{instance.model,      service, image, instance.record.id, "", {},
                   std::move(contents), {},      {}};
  runtime::ContainerSpec container = lower(input);
  runtime::ExecSpec exec;
  exec.container_id = instance.record.id;
  exec.process = exec_process(container, std::move(args));
  exec.seccomp = container.seccomp;
  exec.seccomp_profile = container.seccomp_profile;
  return exec;
}

Task<runtime::ExecStarted> Supervisor::start_exec(runtime::ExecSpec spec) {
  auto answer = std::make_shared<Answer<runtime::ExecStarted>>(core_.io);
  core_.containers.exec(std::move(spec), fill(answer));
  return await_answer(answer);
}

Task<std::optional<int>> Supervisor::exec_exit(std::string exec_id, Deadline deadline) {
  auto& slot = execs_[exec_id];
  if (!slot) slot = std::make_shared<Answer<int>>(core_.io);
  auto answer = slot;
  while (!answer->value)
    if (!co_await answer->arrived.wait(deadline)) co_return std::nullopt;
  execs_.erase(exec_id);
  co_return *answer->value;
}

Task<Supervisor::ExecResult> Supervisor::run_inside(InstancePtr instance, runtime::Process process,
                                                    Deadline deadline) {
  runtime::ExecSpec spec = exec_spec(*instance, process.args);
  spec.process = std::move(process);
  sys::Pipe pipe = sys::pipe2();
  spec.stdin_fd = sys::open("/dev/null", 0);
  spec.stdout_fd = sys::dup(pipe.writer);
  spec.stderr_fd = std::move(pipe.writer);
  auto output = std::make_shared<Output>(core_.io, std::move(pipe.reader));
  spawn(core_.io, collect(output), "reading a command's output");
  ExecResult result;
  runtime::ExecStarted started = co_await start_exec(std::move(spec));
  std::optional<int> code = co_await exec_exit(started.exec_id, deadline);
  if (!code) {
    result.timed_out = true;
    sys::pidfd_send_signal(started.pidfd, SIGKILL);
    code = co_await exec_exit(started.exec_id);
  }
  result.exit_code = *code;
  result.output = output->text;
  output->reader.close();
  co_return result;
}

Task<> Supervisor::watch_health(InstancePtr instance, unsigned generation) {
  auto current = [&] { return instance->generation == generation && instance->running(); };
  while (current()) {
    auto age = std::chrono::steady_clock::now() - instance->running_since;
    asio::steady_timer timer(core_.io,
                             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                 instance->health->next_delay(age)));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!current()) co_return;
    if (instance->status.state == scheduler::ContainerState::paused) continue;
    HealthProbe probe{1, "", format_rfc3339(wall_now()), ""};
    auto timeout = health_of(instance->service(), image_of(core_, *instance).config).policy.timeout;
    try {
      runtime::Process process = exec_spec(*instance, instance->health_test).process;
      ExecResult result = co_await run_inside(
          instance, std::move(process),
          std::chrono::steady_clock::now() +
              std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout));
      probe.exit_code = result.timed_out ? -1 : result.exit_code;
      probe.output = result.timed_out
                         ? cat("the check did not end within ", units::format_duration(timeout))
                         : result.output;
    } catch (const std::exception& error) {
      probe.output = as_error(error).message();
    }
    if (!current()) co_return;
    probe.end = format_rfc3339(wall_now());
    bool healthy = probe.exit_code == 0;
    instance->health_log.push_back(std::move(probe));
    if (instance->health_log.size() > kept_probes)
      instance->health_log.erase(instance->health_log.begin());
    age = std::chrono::steady_clock::now() - instance->running_since;
    if (!instance->health->on_probe(healthy, age)) continue;
    instance->changed.notify();
    core_.emit("health", *instance);
  }
}

Task<> Supervisor::run_hooks(InstancePtr instance, const std::vector<spec::Hook>& hooks,
                             std::string name) {
  for (const spec::Hook& hook : hooks) {
    if (!instance->running()) co_return;
    runtime::ExecSpec spec = exec_spec(*instance, hook.command);
    if (hook.user) spec.process.user = *hook.user;
    if (hook.working_dir) spec.process.cwd = *hook.working_dir;
    if (hook.privileged) spec.process.capabilities = runtime::all_capabilities();
    for (const auto& [variable, value] : hook.environment)
      if (value) spec.process.env.push_back(cat(variable, "=", *value));
    ExecResult result = co_await run_inside(instance, std::move(spec.process), no_deadline);
    if (result.exit_code == 0) continue;
    std::string what = cat(name, " of service \"", instance->record.service, "\" exited with ",
                           std::to_string(result.exit_code), result.output.empty() ? "" : ": ",
                           text::trim(result.output));
    // A failing pre_stop must not keep the container alive.
    if (name == "pre_stop") {
      log::warning(what);
    } else {
      throw Error(what);
    }
  }
}

}  // namespace estiba::orchestrator
