#include "runtime/keeper/children.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/boot_id.hpp"
#include "base/error.hpp"
#include "base/scope_exit.hpp"
#include "runtime/keeper/adoption.hpp"
#include "runtime/launch/clone.hpp"
#include "runtime/launch/packet.hpp"
#include "runtime/launch/wire.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

/// The container's ends, closed after the clone.
struct ChildEnds {
  UniqueFd stdin_reader, stdout_writer, stderr_writer;
};

// A writer that holds its pipe open for reading too never gets SIGPIPE, even while nobody reads: it
// waits for the next keeper instead.
UniqueFd reopen_for_both(FdRef writer) { return sys::open(sys::fd_path(writer), O_RDWR); }

ChildEnds open_streams(const LaunchRequest& request, HeldStreams& held) {
  ChildEnds ends;
  if (request.process.terminal) return ends;
  sys::Pipe out = sys::pipe2(), err = sys::pipe2();
  held.stdout_reader = std::move(out.reader);
  held.stderr_reader = std::move(err.reader);
  ends.stdout_writer = reopen_for_both(out.writer);
  ends.stderr_writer = reopen_for_both(err.writer);
  if (request.stdin_open) {
    sys::Pipe in = sys::pipe2();
    held.stdin_writer = std::move(in.writer);
    ends.stdin_reader = std::move(in.reader);
  }
  return ends;
}

sys::SocketPair status_sockets() {
  sys::SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  int on = 1;
  if (::setsockopt(pair.first.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    throw Error{"setsockopt", "SO_PASSCRED", Errno{errno}};
  return pair;
}

bool is_pty_master(FdRef fd) {
  unsigned number = 0;
  return sys::filesystem_type(fd) == DEVPTS_SUPER_MAGIC &&
         ::ioctl(fd.get(), TIOCGPTN, &number) == 0;
}

bool is_child_of_ours(FdRef pidfd) {
  siginfo_t info{};
  return ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

uint64_t inode_of(const UniqueFd& fd) { return fd ? sys::fstat(fd).st_ino : 0; }

uint64_t namespace_flags(const LaunchRequest& request) {
  uint64_t flags = CLONE_NEWNS;
  if (request.network.mode == NamespaceMode::create) flags |= CLONE_NEWNET;
  if (request.ipc.mode == NamespaceMode::create) flags |= CLONE_NEWIPC;
  if (request.uts.mode == NamespaceMode::create) flags |= CLONE_NEWUTS;
  if (request.pid.mode == NamespaceMode::create) flags |= CLONE_NEWPID;
  return flags;
}

UniqueFd open_cgroup(const CgroupSetup& cgroup) {
  return cgroup.into.empty() ? UniqueFd{} : sys::open(cgroup.into, O_PATH | O_DIRECTORY);
}

// A child whose keeper dies before it has become the container must not become it unseen.
void die_with_parent() { sys::prctl(PR_SET_PDEATHSIG, SIGKILL, "PR_SET_PDEATHSIG"); }

FdSet describe(const Child& child) {
  const auto& s = child.streams;
  return {static_cast<bool>(child.pidfd), static_cast<bool>(s.stdin_writer),
          static_cast<bool>(s.stdout_reader), static_cast<bool>(s.stderr_reader),
          static_cast<bool>(s.terminal)};
}

std::vector<int> numbers(const Child& child) {
  const auto& s = child.streams;
  std::vector<int> fds;
  for (const UniqueFd* fd :
       {&child.pidfd, &s.stdin_writer, &s.stdout_reader, &s.stderr_reader, &s.terminal})
    if (*fd) fds.push_back(fd->get());
  return fds;
}

ProcessRecord new_record(const std::string& id, ProcessKind kind, const CgroupSetup& cgroup) {
  ProcessRecord record;
  record.id = id;
  record.kind = kind;
  record.cgroup = cgroup;
  record.boot_id = boot_id();
  return record;
}

}  // namespace

Child* Children::with_pid(pid_t pid) {
  for (auto& [id, child] : children_)
    if (!child.ended && child.record.pid == pid) return &child;
  return nullptr;
}

Child* Children::running(const std::string& id) {
  auto found = children_.find(id);
  if (found == children_.end() || found->second.ended || found->second.failed) return nullptr;
  return &found->second;
}

std::map<std::string, int> Children::pidfds_of(const LaunchRequest& request) const {
  std::map<std::string, int> pidfds;
  for (const auto* setup :
       {&request.network, &request.ipc, &request.pid, &request.uts, &request.cgroup_namespace}) {
    if (setup->mode != NamespaceMode::container) continue;
    auto found = children_.find(setup->target);
    if (found != children_.end() && !found->second.ended)
      pidfds[setup->target] = found->second.pidfd.get();
  }
  return pidfds;
}

void Children::launch(const Launch& message) {
  try {
    try_launch(message);
  } catch (const Error& error) {
    send_(LaunchFailed{message.number, error.message(), error.exit_code()}, {});
  } catch (const std::exception& error) {
    send_(LaunchFailed{message.number, error.what(), 1}, {});
  }
}

void Children::try_launch(const Launch& message) {
  const LaunchRequest& request = message.request;
  if (running(request.id)) throw Error(cat("container ", request.id, " is running already"));
  if (auto found = children_.find(request.id); found != children_.end() && found->second.failed) {
    // Told already, and its end may be an instant away.
    if (found->second.status) end_start(found->second);
    discard(request.id);
  }
  Child child;
  child.request = message.number;
  child.record = new_record(request.id, ProcessKind::container, request.cgroup);
  child.opens_terminal = request.process.terminal;
  child.enters_pid_namespace = request.pid.mode == NamespaceMode::container;
  ChildEnds ends = open_streams(request, child.streams);
  auto [status, child_status] = status_sockets();
  ChildFds fds{child_status.get(), -1, -1, -1, pidfds_of(request)};
  if (ends.stdin_reader) fds.stdin_fd = ends.stdin_reader.get();
  if (ends.stdout_writer) fds.stdout_fd = ends.stdout_writer.get();
  if (ends.stderr_writer) fds.stderr_fd = ends.stderr_writer.get();
  UniqueFd cgroup = open_cgroup(request.cgroup);
  auto cloned = clone_process(namespace_flags(request), cgroup.get());
  if (!cloned) {
    die_with_parent();
    run_container(request, fds, layout_.scratch());
  }
  child.record.pid = cloned->pid;
  child.record.stdin_inode = inode_of(child.streams.stdin_writer);
  child.record.stdout_inode = inode_of(child.streams.stdout_reader);
  child.record.stderr_inode = inode_of(child.streams.stderr_reader);
  child.pidfd = std::move(cloned->pidfd);
  child.status = std::move(status);
  register_child(std::move(child));
}

void Children::exec(const Exec& message, std::vector<UniqueFd> fds) {
  try {
    try_exec(message, std::move(fds));
  } catch (const Error& error) {
    send_(LaunchFailed{message.number, error.message(), error.exit_code()}, {});
  } catch (const std::exception& error) {
    send_(LaunchFailed{message.number, error.what(), 1}, {});
  }
}

void Children::try_exec(const Exec& message, std::vector<UniqueFd> streams) {
  const ExecRequest& request = message.request;
  Child* container = running(request.container);
  if (!container || container->status)
    throw Error(cat("container ", request.container, " is not running"));
  if (!request.process.terminal && streams.size() != 3)
    throw Error("an exec without a terminal needs three streams");
  Child child;
  child.request = message.number;
  child.record = new_record(request.exec_id, ProcessKind::exec, request.cgroup);
  child.opens_terminal = request.process.terminal;
  child.enters_pid_namespace = true;
  auto [status, child_status] = status_sockets();
  ChildFds fds;
  fds.status = child_status.get();
  fds.containers = {{request.container, container->pidfd.get()}};
  if (streams.size() == 3) {
    fds.stdin_fd = streams[0].get();
    fds.stdout_fd = streams[1].get();
    fds.stderr_fd = streams[2].get();
  }
  UniqueFd cgroup = open_cgroup(request.cgroup);
  auto cloned = clone_process(0, cgroup.get());
  if (!cloned) {
    die_with_parent();
    run_exec(request, fds);
  }
  child.record.pid = cloned->pid;
  child.pidfd = std::move(cloned->pidfd);
  child.status = std::move(status);
  register_child(std::move(child));
}

void Children::register_child(Child child) {
  std::string id = child.record.id;
  // What nobody would know of must not run.
  ScopeExit end([&, pidfd = sys::dup(child.pidfd)] {
    sys::pidfd_send_signal(pidfd, SIGKILL);
    children_.erase(id);
  });
  child.record.start_time = start_time_of(child.record.pid);
  ::unlink(layout_.exit_of(id).c_str());
  if (!child.enters_pid_namespace) save(layout_, child.record);
  Child& kept = children_[id] = std::move(child);
  loop_.watch(kept.status, [this, id] { read_status(id); });
  end.keep();
}

// What it says is a stranger's word once the container could have had its hands on it, and each may
// be said once: so this ends.
void Children::read_status(const std::string& id) {
  Child& child = children_.at(id);
  try {
    while (child.status) {
      Received received = receive_packet(child.status, Wait::no, Peer::stranger);
      if (received.closed) return finish_start(child);
      if (!received.packet) return;
      auto report = wire::decode<ChildReport>(received.packet->bytes);
      std::visit([&](const auto& held) { take(child, held, *received.packet); }, report);
    }
  } catch (const std::exception& error) {
    fail_start(child, {cat("its start went wrong: ", error.what())});
    sys::pidfd_send_signal(child.pidfd, SIGKILL);
    end_start(child);
    if (child.enters_pid_namespace) discard(id);
  }
}

void Children::take(Child& child, const StartFailed& report, Packet&) {
  if (child.failed) throw Error("it failed twice");
  fail_start(child, report);
}

void Children::take(Child& child, const TerminalOpened&, Packet& packet) {
  if (!child.opens_terminal || packet.fds.size() != 1 || !is_pty_master(packet.fds.front()))
    throw Error("it sent what is no terminal of its own");
  child.opens_terminal = false;
  child.streams.terminal = std::move(packet.fds.front());
}

// A container waits for the answer: a keeper that comes after this one must know of it.
void Children::take(Child& child, const EnteredPidNamespace&, Packet& packet) {
  if (!child.enters_pid_namespace || with_pid(packet.sender))
    throw Error("it entered a pid namespace that it was not to enter");
  UniqueFd pidfd = sys::pidfd_open(packet.sender);
  if (!is_child_of_ours(pidfd)) throw Error("it claims to be another process");
  child.enters_pid_namespace = false;
  child.pidfd = std::move(pidfd);
  child.record.pid = packet.sender;
  child.record.start_time = start_time_of(packet.sender);
  save(layout_, child.record);
  // An exec does not wait, and what it left unread would cost us what it has still to say.
  if (child.record.kind == ProcessKind::exec) return;
  constexpr char recorded = 1;
  (void)!::send(child.status.get(), &recorded, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Children::fail_start(Child& child, const StartFailed& why) {
  if (!child.failed) send_(LaunchFailed{child.request, why.message, why.exit_code}, {});
  child.failed = true;
}

void Children::end_start(Child& child) {
  loop_.unwatch(child.status);
  child.status.reset();
}

void Children::finish_start(Child& child) {
  end_start(child);
  if (child.enters_pid_namespace) {
    fail_start(child, {"it was ended before it was within the pid namespace that it joins"});
    return discard(child.record.id);
  }
  if (child.failed) return;
  send_(LaunchStarted{child.request, child.record.pid, describe(child)}, numbers(child));
}

void Children::discard(const std::string& id) {
  erase_record(layout_, id);
  children_.erase(id);
}

void Children::hear_all() {
  std::vector<std::string> starting;
  for (const auto& [id, child] : children_)
    if (child.status) starting.push_back(id);
  for (const auto& id : starting) read_status(id);
}

void Children::on_exit(pid_t pid, int wait_status) {
  Child* child = with_pid(pid);
  if (!child) return;
  if (child->enters_pid_namespace) {
    // The one that made it. It will say itself who it is, or its end of the socket closes.
    child->record.pid = 0;
    return;
  }
  if (child->status) finish_start(*child);
  if (child->failed) return discard(child->record.id);
  record_exit(*child, exit_from_status(child->record, wait_status));
}

// For a server that is not there now. One that is hears of it all the same.
void Children::keep(const Exited& exit) {
  try {
    save(layout_, exit);
  } catch (const Error& error) {
    std::string line = cat("estiba keeper: an exit could not be kept: ", error.message(), "\n");
    (void)!::write(2, line.data(), line.size());
  }
}

void Children::record_exit(Child& child, const Exited& exit) {
  std::string id = child.record.id;
  bool is_container = child.record.kind == ProcessKind::container;
  if (is_container) keep(exit);
  erase_record(layout_, id);
  send_(exit, {});
  if (is_container) {
    // The server may not have read the last lines yet: the pipes stay until it forgets the exit.
    child.ended = true;
    child.pidfd.reset();
    child.streams.stdin_writer.reset();
  } else {
    // An anchor may have written one; nobody asks for an exec's end later.
    ::unlink(layout_.exit_of(id).c_str());
    children_.erase(id);
  }
}

void Children::adopt() {
  for (auto& record : load_records(layout_)) adopt(std::move(record));
}

void Children::adopt(ProcessRecord record) {
  std::string id = record.id;
  auto pidfd = open_process(record);
  bool is_container = record.kind == ProcessKind::container;
  if (!pidfd && is_container && record.boot_id == boot_id() && !load_exit(layout_, id)) {
    // The anchor has reaped it just now, and is about to write how it ended.
    children_[id].record = std::move(record);
    return adopted_end(id, 0);
  }
  if (!pidfd) {
    if (is_container && !load_exit(layout_, id)) save(layout_, unknown_exit(record));
    if (!is_container) ::unlink(layout_.exit_of(id).c_str());
    erase_record(layout_, id);
    return;
  }
  Child child;
  child.streams = reopen_streams(record);
  child.record = std::move(record);
  child.pidfd = std::move(*pidfd);
  children_[id] = std::move(child);
  watch_adopted(id);
}

void Children::watch_adopted(const std::string& id) {
  loop_.watch(children_.at(id).pidfd, [this, id] {
    loop_.unwatch(children_.at(id).pidfd);
    adopted_end(id, 0);
  });
}

// The anchor, its parent now, writes the exit as soon as it has reaped; that may be an instant
// away.
void Children::adopted_end(const std::string& id, int tries) {
  constexpr int most_tries = 100;
  constexpr Milliseconds pause{10};
  auto found = children_.find(id);
  if (found == children_.end()) return;
  if (auto exit = load_exit(layout_, id)) return record_exit(found->second, *exit);
  if (auto exit = exit_from_pidfd(found->second)) return record_exit(found->second, *exit);
  if (tries == most_tries) return record_exit(found->second, unknown_exit(found->second.record));
  loop_.after(pause, [this, id, tries] { adopted_end(id, tries + 1); });
}

void Children::forget(const std::string& id) {
  auto found = children_.find(id);
  if (found != children_.end() && found->second.ended) children_.erase(found);
  ::unlink(layout_.exit_of(id).c_str());
}

void Children::close_stdin(const std::string& id) {
  if (Child* child = running(id)) child->streams.stdin_writer.reset();
}

void Children::return_terminal(const std::string& id, UniqueFd terminal) {
  Child* child = running(id);
  if (child && !child->streams.terminal) child->streams.terminal = std::move(terminal);
}

void Children::send_held() const {
  for (const auto& [id, child] : children_) {
    if (child.status || child.record.kind == ProcessKind::exec) continue;
    int32_t pid = child.ended ? 0 : child.record.pid;
    send_(Held{id, child.record.cgroup.name, pid, describe(child)}, numbers(child));
  }
}

bool Children::any_running() const {
  for (const auto& [id, child] : children_)
    if (!child.ended) return true;
  return false;
}

}  // namespace estiba::runtime
