#include "runtime/containers.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <utility>
#include <variant>

#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "runtime/cgroup/driver.hpp"
#include "runtime/host_facts.hpp"
#include "runtime/keeper/records.hpp"
#include "runtime/keeper_link.hpp"
#include "runtime/launch_request.hpp"
#include "runtime/security/seccomp_cache.hpp"

namespace estiba::runtime {
namespace {

struct PendingStart {
  std::string id;
  Reply<Started> reply;
};
struct PendingExec {
  std::string id;
  Reply<ExecStarted> reply;
};
using Pending = std::variant<PendingStart, PendingExec>;

/// What the server knows of a process that runs.
struct Running {
  std::string cgroup;
  UniqueFd pidfd;
  UniqueFd terminal;  ///< for the keeper, should it have to be given back
  bool is_exec = false;
};

ExitRecord record_of(const Exited& exit) {
  return {exit.id, exit.exit_code, exit.signal, exit.oom_killed,
          WallTime{std::chrono::nanoseconds{exit.finished_at}}};
}

/// The descriptors of a message, in the order in which FdSet names them.
struct Taken {
  UniqueFd pidfd;
  Streams streams;
};
Taken take(const FdSet& set, std::vector<UniqueFd> fds) {
  Taken taken;
  size_t next = 0;
  auto one = [&](bool present, UniqueFd& place) {
    if (present && next < fds.size()) place = std::move(fds[next++]);
  };
  one(set.pidfd, taken.pidfd);
  one(set.stdin_writer, taken.streams.stdin_writer);
  one(set.stdout_reader, taken.streams.stdout_reader);
  one(set.stderr_reader, taken.streams.stderr_reader);
  one(set.terminal, taken.streams.terminal);
  return taken;
}

UniqueFd copy_of(const UniqueFd& fd) { return fd ? sys::dup(fd) : UniqueFd{}; }

// Held for as long as the server lives: by it a keeper knows that one does, its child or not.
fs::FileLock lock_server(const Layout& layout) {
  make_run_directories(layout);
  auto lock = fs::FileLock::try_acquire(layout.server_lock(), fs::FileLock::Mode::exclusive);
  if (!lock) throw Error(cat("another server is running for ", layout.run_dir));
  return std::move(*lock);
}

}  // namespace

struct Containers::Impl {
  Impl(const Config& c, Containers& facade)
      : owner(facade),
        config(c),
        layout{config.run_dir},
        lock(lock_server(layout)),
        link(layout),
        cgroups(cgroup::detect()) {
    for (auto& message : link.connect()) take_held(std::move(message));
  }

  void take_held(KeeperLink::Message message);
  void reconcile(std::vector<KeeperLink::Message> held);
  void handle(KeeperLink::Message message);
  void started(const LaunchStarted& message, std::vector<UniqueFd> fds);
  void exec_started(PendingExec pending, const LaunchStarted& message, Taken taken);
  void failed(const LaunchFailed& message);
  void exited(const Exited& exit);
  std::optional<Pending> take_pending(uint64_t number);
  void fail(Pending pending, const Error& error);
  std::string cgroup_of(const std::string& id) const;
  HostFacts facts_for(const ContainerSpec& spec, const std::string& cgroup) const;
  void start(const ContainerSpec& spec, Reply<Started> reply);
  void exec(ExecSpec spec, Reply<ExecStarted> reply);

  Containers& owner;
  Config config;
  Layout layout;
  fs::FileLock lock;
  KeeperLink link;
  std::unique_ptr<cgroup::Driver> cgroups;
  seccomp::Cache filters;
  std::vector<std::string> throttles = thermal_throttles();
  uint64_t last_number = 0;
  std::map<uint64_t, Pending> pending;
  std::map<std::string, Running> running;
  std::vector<Adopted> adopted;
  std::map<std::string, UniqueFd> stored;
};

void Containers::Impl::take_held(KeeperLink::Message message) {
  if (const auto* held = std::get_if<Held>(&message.content)) {
    Taken taken = take(held->fds, std::move(message.fds));
    if (held->pid != 0)
      running[held->id] = {held->cgroup, copy_of(taken.pidfd), copy_of(taken.streams.terminal),
                           false};
    adopted.push_back({held->id, held->pid, std::move(taken.pidfd), std::move(taken.streams)});
  } else if (const auto* fd = std::get_if<StoredFd>(&message.content)) {
    if (!message.fds.empty()) stored[fd->name] = std::move(message.fds.front());
  }
}

// After a keeper's death: its successor gets back what only the old one held; what it was starting
// is answered; ends that were reaped meanwhile are told.
void Containers::Impl::reconcile(std::vector<KeeperLink::Message> held) {
  std::map<std::string, KeeperLink::Message> by_id;
  for (auto& message : held)
    if (const auto* one = std::get_if<Held>(&message.content))
      by_id.emplace(one->id, std::move(message));
  for (const auto& [name, fd] : stored) link.send(StoreFd{name}, {fd.get()});
  for (const auto& [id, process] : running)
    if (process.terminal) link.send(ReturnTerminal{id}, {process.terminal.get()});
  auto waiting = std::exchange(pending, {});
  for (auto& [number, request] : waiting) {
    auto* start = std::get_if<PendingStart>(&request);
    auto found = start ? by_id.find(start->id) : by_id.end();
    if (found == by_id.end()) {
      fail(std::move(request), Error("the keeper died during the start; try again"));
      continue;
    }
    const auto& one = std::get<Held>(found->second.content);
    pending.emplace(number, std::move(request));
    started({number, one.pid, one.fds}, std::move(found->second.fds));
  }
  std::vector<std::string> ended;
  for (const auto& [id, process] : running)
    if (!process.is_exec && load_exit(layout, id)) ended.push_back(id);
  for (const auto& id : ended) exited(*load_exit(layout, id));
}

std::optional<Pending> Containers::Impl::take_pending(uint64_t number) {
  auto found = pending.find(number);
  if (found == pending.end()) return std::nullopt;
  Pending taken = std::move(found->second);
  pending.erase(found);
  return taken;
}

void Containers::Impl::fail(Pending request, const Error& error) {
  if (auto* start = std::get_if<PendingStart>(&request)) {
    start->reply(std::nullopt, error);
  } else {
    std::get<PendingExec>(request).reply(std::nullopt, error);
  }
}

void Containers::Impl::handle(KeeperLink::Message message) {
  if (const auto* ok = std::get_if<LaunchStarted>(&message.content)) {
    started(*ok, std::move(message.fds));
  } else if (const auto* bad = std::get_if<LaunchFailed>(&message.content)) {
    failed(*bad);
  } else if (const auto* end = std::get_if<Exited>(&message.content)) {
    exited(*end);
  }
}

void Containers::Impl::started(const LaunchStarted& message, std::vector<UniqueFd> fds) {
  auto request = take_pending(message.number);
  if (!request) return;
  Taken taken = take(message.fds, std::move(fds));
  if (auto* exec = std::get_if<PendingExec>(&*request))
    return exec_started(std::move(*exec), message, std::move(taken));
  auto& start = std::get<PendingStart>(*request);
  Running& process = running[start.id];
  process.pidfd = copy_of(taken.pidfd);
  process.terminal = copy_of(taken.streams.terminal);
  start.reply(Started{message.pid, std::move(taken.pidfd), std::move(taken.streams)}, std::nullopt);
}

void Containers::Impl::exec_started(PendingExec request, const LaunchStarted& message,
                                    Taken taken) {
  running[request.id] = {{}, copy_of(taken.pidfd), {}, true};
  request.reply(ExecStarted{request.id, message.pid, std::move(taken.pidfd),
                            std::move(taken.streams.terminal)},
                std::nullopt);
}

void Containers::Impl::failed(const LaunchFailed& message) {
  auto request = take_pending(message.number);
  if (!request) return;
  if (auto* start = std::get_if<PendingStart>(&*request)) running.erase(start->id);
  fail(std::move(*request), Error(message.message, message.exit_code));
}

void Containers::Impl::exited(const Exited& exit) {
  running.erase(exit.id);
  if (owner.on_exit) owner.on_exit(record_of(exit));
}

std::string Containers::Impl::cgroup_of(const std::string& id) const {
  auto found = running.find(id);
  if (found != running.end() && !found->second.cgroup.empty()) return found->second.cgroup;
  // After its end only the directory made by start() tells its parent.
  auto name = fs::read_if_exists(cat(layout.container(id), "/cgroup"));
  return name ? *name : cgroup::cgroup_name({}, id);
}

HostFacts Containers::Impl::facts_for(const ContainerSpec& spec, const std::string& cgroup) const {
  HostFacts facts;
  bool shared = std::holds_alternative<HostNamespace>(spec.namespaces.cgroup);
  if (shared) {
    facts.cgroup_mounts.push_back(
        cgroup::view_of("/sys/fs/cgroup", "/sys/fs/cgroup", !spec.privileged));
  } else {
    facts.cgroup_mounts = cgroups->mounts(cgroup, !spec.privileged);
  }
  facts.thermal_throttles = throttles;
  facts.devices = spec.privileged ? all_host_devices() : look_up_devices(spec.devices);
  return facts;
}

void Containers::Impl::start(const ContainerSpec& spec, Reply<Started> reply) {
  std::string name = cgroup::cgroup_name(spec.cgroup_parent, spec.id);
  Resources resources = spec.resources;
  if (spec.privileged) resources.all_devices = true;
  for (auto& rule : device_rules_of(spec.devices)) resources.device_rules.push_back(rule);
  fs::make_dirs(layout.container(spec.id), 0700);
  if (!spec.cgroup_parent.empty())
    fs::write_atomic(cat(layout.container(spec.id), "/cgroup"), name, 0600,
                     fs::Durability::relaxed);
  CgroupSetup cgroup = with_context([&] { return cgroups->create(name, resources); },
                                    "limiting the container's resources");
  std::string filter =
      spec.privileged && spec.seccomp == SeccompMode::default_profile
          ? std::string{}
          : filters.get(spec.seccomp, spec.seccomp_profile, spec.process.capabilities);
  Launch launch{++last_number,
                launch_request(spec, facts_for(spec, name), std::move(cgroup), std::move(filter))};
  link.send(std::move(launch));
  running[spec.id].cgroup = name;
  pending.emplace(last_number, PendingStart{spec.id, std::move(reply)});
}

void Containers::Impl::exec(ExecSpec spec, Reply<ExecStarted> reply) {
  auto container = running.find(spec.container_id);
  if (container == running.end() || !container->second.pidfd)
    throw Error(cat("container ", spec.container_id, " is not running"));
  std::string name = cgroup_of(spec.container_id);
  if (cgroups->state(name) == cgroup::Driver::State::frozen)
    throw Error(cat("container ", spec.container_id, " is paused: unpause it first"));
  constexpr size_t id_digits = 64;
  Exec exec{++last_number, {}};
  exec.request.exec_id = text::random_hex(id_digits);
  exec.request.container = spec.container_id;
  exec.request.cgroup = cgroups->setup(name);
  exec.request.process = process_setup(
      spec.process, filters.get(spec.seccomp, spec.seccomp_profile, spec.process.capabilities));
  std::vector<int> fds;
  if (!spec.process.terminal)
    fds = {spec.stdin_fd.get(), spec.stdout_fd.get(), spec.stderr_fd.get()};
  link.send(exec, fds);
  pending.emplace(last_number, PendingExec{exec.request.exec_id, std::move(reply)});
}

Containers::Containers(Config config) : impl_(std::make_unique<Impl>(config, *this)) {}
Containers::~Containers() = default;

FdRef Containers::fd() const { return impl_->link.fd(); }

void Containers::dispatch() {
  while (auto message = impl_->link.receive()) impl_->handle(std::move(*message));
  if (!impl_->link.lost()) return;
  std::vector<KeeperLink::Message> held;
  if (impl_->link.try_reconnect(held)) return impl_->reconcile(std::move(held));
  if (impl_->link.needs_anchor()) start_anchor(sys::readlink("/proc/self/exe"), impl_->config);
}

std::vector<Adopted> Containers::take_over() { return std::exchange(impl_->adopted, {}); }

std::vector<ExitRecord> Containers::unread_exits() const {
  std::vector<ExitRecord> records;
  for (const auto& exit : load_exits(impl_->layout)) records.push_back(record_of(exit));
  return records;
}

void Containers::forget_exit(const std::string& id) {
  ::unlink(impl_->layout.exit_of(id).c_str());
  // A keeper that has died has forgotten already.
  impl_->link.try_send(Forget{id});
}

void Containers::start(const ContainerSpec& spec, Reply<Started> reply) {
  try {
    impl_->start(spec, reply);
  } catch (const Error& error) {
    reply(std::nullopt, error);
  }
}

void Containers::exec(ExecSpec spec, Reply<ExecStarted> reply) {
  try {
    impl_->exec(std::move(spec), reply);
  } catch (const Error& error) {
    reply(std::nullopt, error);
  }
}

void Containers::close_stdin(const std::string& id) { impl_->link.send(CloseStdin{id}); }

bool Containers::signal(const std::string& id, int signal) {
  auto found = impl_->running.find(id);
  if (found == impl_->running.end() || !found->second.pidfd) return false;
  return sys::pidfd_send_signal(found->second.pidfd, signal);
}

void Containers::kill_all(const std::string& id) { impl_->cgroups->kill_all(impl_->cgroup_of(id)); }

void Containers::pause(const std::string& id) {
  impl_->cgroups->set_frozen(impl_->cgroup_of(id), cgroup::Driver::State::frozen);
}

void Containers::resume(const std::string& id) {
  impl_->cgroups->set_frozen(impl_->cgroup_of(id), cgroup::Driver::State::thawed);
}

Stats Containers::stats(const std::string& id) const {
  return impl_->cgroups->stats(impl_->cgroup_of(id));
}

void Containers::remove(const std::string& id) {
  impl_->cgroups->remove(impl_->cgroup_of(id));
  forget_exit(id);
  fs::remove_tree(impl_->layout.container(id));
}

void Containers::store_fd(const std::string& name, FdRef fd) {
  UniqueFd copy = sys::dup(fd);
  impl_->link.send(StoreFd{name}, {copy.get()});
  impl_->stored[name] = std::move(copy);
}

void Containers::drop_fd(const std::string& name) {
  impl_->stored.erase(name);
  impl_->link.send(DropFd{name});
}

std::map<std::string, UniqueFd> Containers::stored_fds() {
  std::map<std::string, UniqueFd> copies;
  for (const auto& [name, fd] : impl_->stored) copies[name] = sys::dup(fd);
  return copies;
}

void Containers::shut_down() {
  impl_->cgroups->release();
  impl_->link.send(Shutdown{});
}

}  // namespace estiba::runtime
