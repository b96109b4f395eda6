// exec: a command inside a running container, on the client's pipes or on a terminal of its own.
#include <fcntl.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/sys.hpp"
#include "orchestrator/server/api.hpp"

namespace estiba::orchestrator {
namespace {

Task<> forget_when_ended(Supervisor& supervisor, std::string exec_id) {
  co_await supervisor.exec_exit(std::move(exec_id));
}

void apply_overrides(const Json& params, runtime::Process& process) {
  for (const std::string& entry : json::strings_at(params, "env")) {
    std::string name = cat(entry.substr(0, entry.find('=')), "=");
    std::erase_if(process.env, [&](const std::string& other) { return other.starts_with(name); });
    process.env.push_back(entry);
  }
  if (auto user = json::string_at(params, "user"); user && !user->empty()) process.user = *user;
  if (auto cwd = json::string_at(params, "cwd"); cwd && !cwd->empty()) process.cwd = *cwd;
  process.terminal = json::bool_at(params, "tty").value_or(false);
  if (process.terminal) process.env.emplace_back("TERM=xterm");
  if (json::bool_at(params, "privileged").value_or(false))
    process.capabilities = runtime::all_capabilities();
}

}  // namespace

Task<Json> Api::exec(ConnectionPtr client, Json params) {
  auto found = core_.instances.find(json::required_string(params, "id"));
  if (found == core_.instances.end()) throw Error("the container is gone");
  InstancePtr instance = found->second;
  if (instance->status.state == scheduler::ContainerState::paused)
    throw Error(cat("container ", instance->record.name, " is paused; unpause it first"));
  if (!instance->running())
    throw Error(cat("container ", instance->record.name, " is not running"));
  runtime::ExecSpec spec = supervisor_.exec_spec(*instance, json::strings_at(params, "args"));
  apply_overrides(params, spec.process);
  bool detach = json::bool_at(params, "detach").value_or(false);
  std::vector<UniqueFd> fds = client->take_fds();
  if (fds.size() == 3) {
    spec.stdin_fd = std::move(fds[0]);
    spec.stdout_fd = std::move(fds[1]);
    spec.stderr_fd = std::move(fds[2]);
  } else if (!spec.process.terminal) {
    for (UniqueFd* fd : {&spec.stdin_fd, &spec.stdout_fd, &spec.stderr_fd})
      *fd = sys::open("/dev/null", 2);
  }
  runtime::ExecStarted started = co_await supervisor_.start_exec(std::move(spec));
  std::vector<UniqueFd> terminal;
  if (started.terminal) terminal.push_back(std::move(started.terminal));
  client->send({{"event", {{"started", {{"exec_id", started.exec_id}}}}}}, std::move(terminal));
  if (detach) {
    spawn(core_.io, forget_when_ended(supervisor_, started.exec_id), "the end of an exec");
    co_return Json{{"exit_code", 0}};
  }
  exec_pidfds_[started.exec_id] = sys::dup(started.pidfd);
  std::optional<int> code;
  while (!code && !client->closed())
    code = co_await supervisor_.exec_exit(
        started.exec_id, std::chrono::steady_clock::now() + std::chrono::milliseconds{200});
  exec_pidfds_.erase(started.exec_id);
  if (!code) {
    // The client went away: its session is hung up, as a terminal's would be.
    sys::pidfd_send_signal(started.pidfd, SIGHUP);
    spawn(core_.io, forget_when_ended(supervisor_, started.exec_id), "the end of an exec");
  }
  co_return Json{{"exit_code", code.value_or(129)}};
}

// The client reads the output from the log; it gets what leads to the container's input.
Task<Json> Api::attach(ConnectionPtr client, Json params) {
  auto found = core_.instances.find(json::required_string(params, "id"));
  if (found == core_.instances.end()) throw Error("the container is gone");
  InstancePtr instance = found->second;
  std::vector<UniqueFd> input;
  for (const auto* fd : {&instance->terminal, &instance->stdin_writer})
    if (*fd && input.empty()) input.push_back(sys::dup(**fd));
  client->send({{"event", {{"attached", true}}}}, std::move(input));
  unsigned generation = instance->generation;
  while (instance->running() && instance->generation == generation && !client->closed())
    co_await instance->changed.wait(std::chrono::steady_clock::now() + std::chrono::seconds{1});
  co_return Json{{"exit_code", instance->status.exit_code}};
}

// What the process calls its root, opened by its number and then known to be its own: as long as
// its pidfd can be signalled it has not been reaped, and the number is nobody else's.
Task<Json> Api::root(ConnectionPtr client, Json params) {
  auto found = core_.instances.find(json::required_string(params, "id"));
  if (found == core_.instances.end() || !found->second->running())
    throw Error("the container has ended");
  InstancePtr instance = found->second;
  std::string path = cat("/proc/", std::to_string(instance->pid), "/root");
  std::vector<UniqueFd> root;
  root.push_back(sys::open(path, O_PATH | O_DIRECTORY));
  if (!sys::pidfd_send_signal(instance->pidfd, 0)) throw Error("the container has ended");
  client->send({{"event", {{"opened", true}}}}, std::move(root));
  co_return Json::object();
}

Task<Json> Api::exec_signal(ConnectionPtr, Json params) {
  auto signal = runtime::parse_signal(json::required_string(params, "signal"));
  std::string id = json::required_string(params, "exec_id");
  auto found = exec_pidfds_.find(id);
  if (signal && found != exec_pidfds_.end()) {
    sys::pidfd_send_signal(found->second, *signal);
  } else if (signal && core_.instances.contains(id)) {
    core_.containers.signal(id, *signal);
  }
  co_return Json::object();
}

}  // namespace estiba::orchestrator
