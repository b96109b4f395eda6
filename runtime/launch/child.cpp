#include "runtime/launch/child.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "runtime/launch/packet.hpp"
#include "runtime/launch/wire.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

void join_cgroups(const CgroupSetup& cgroup) {
  for (const auto& directory : cgroup.join) {
    std::string procs = cat(directory, "/cgroup.procs");
    sys::write_all(sys::open(procs, O_WRONLY), "0", procs);
  }
}

void set_oom_score_adj(int value) {
  UniqueFd file = sys::open("/proc/self/oom_score_adj", O_WRONLY);
  try {
    sys::write_all(file, std::to_string(value), "oom_score_adj");
  } catch (const Error& error) {
    // Lowering it takes CAP_SYS_RESOURCE; a container then keeps the keeper's value.
    if (error.code() != EACCES && error.code() != EPERM) throw;
  }
}

FdRef pidfd_of(const ChildFds& fds, const std::string& container) {
  auto found = fds.containers.find(container);
  if (found == fds.containers.end())
    throw Error(cat("cannot join the namespaces of container ", container, ": it is not running"));
  return FdRef(found->second);
}

void join_namespace(const NamespaceSetup& setup, int flag, const ChildFds& fds) {
  if (setup.mode == NamespaceMode::path)
    sys::setns(sys::open(setup.target, O_RDONLY), flag, setup.target);
  if (setup.mode == NamespaceMode::container)
    sys::setns(pidfd_of(fds, setup.target), flag, setup.target);
}

void bring_loopback_up() {
  UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    throw Error{"ioctl", "SIOCSIFFLAGS lo", Errno{errno}};
}

void join_namespaces(const LaunchRequest& request, const ChildFds& fds) {
  join_namespace(request.network, CLONE_NEWNET, fds);
  join_namespace(request.ipc, CLONE_NEWIPC, fds);
  join_namespace(request.uts, CLONE_NEWUTS, fds);
  join_namespace(request.cgroup_namespace, CLONE_NEWCGROUP, fds);
  // Nobody in that namespace sees this process: only what it clones is born there.
  join_namespace(request.pid, CLONE_NEWPID, fds);
  // Its root is the cgroup the process is in, so it comes after joining.
  if (request.cgroup_namespace.mode == NamespaceMode::create) sys::unshare(CLONE_NEWCGROUP);
  if (request.network.mode == NamespaceMode::create) bring_loopback_up();
}

// A detached copy of one of the other container's mounts, fetched by a visit to its mount
// namespace.
UniqueFd borrow(const LentOp& op, const ChildFds& fds) {
  return with_context(
      [&] {
        UniqueFd own = sys::open("/proc/self/ns/mnt", O_RDONLY);
        sys::setns(pidfd_of(fds, op.container), CLONE_NEWNS, op.container);
        auto place = find_beneath(sys::open("/", O_PATH | O_DIRECTORY), op.target, Links::refuse);
        if (!place) throw Error(cat("it has no ", op.target));
        UniqueFd mount = sys::open_tree(*place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
        sys::setns(own, CLONE_NEWNS, "the own mount namespace");
        return mount;
      },
      "sharing ", op.target, " of container ", op.container);
}

std::vector<UniqueFd> borrow_all(const std::vector<MountOp>& mounts, const ChildFds& fds) {
  std::vector<UniqueFd> lent;
  for (const auto& mount : mounts)
    if (const auto* op = std::get_if<LentOp>(&mount)) lent.push_back(borrow(*op, fds));
  return lent;
}

void set_names(const LaunchRequest& request) {
  if (request.uts.mode != NamespaceMode::create) return;
  if (!request.hostname.empty()) sys::sethostname(request.hostname);
  if (!request.domainname.empty()) sys::setdomainname(request.domainname);
}

void report(FdRef status, const ChildReport& what) { write_packet(status, wire::encode(what)); }

// The master goes to the keeper, the slave becomes the streams.
void take_terminal(FdRef status, const RootBuilder::Terminal& terminal) {
  send_packet(status, wire::encode(ChildReport{TerminalOpened{}}), {terminal.master.get()});
  for (int fd = 0; fd < 3; ++fd) sys::dup2(terminal.slave, fd);
}

// A session of its own, with the terminal as its controlling one, if standard input is one of ours.
void lead_session(const ProcessSetup& process) {
  ::setsid();
  if (process.terminal && ::ioctl(0, TIOCSCTTY, 0) != 0)
    throw Error{"ioctl", "TIOCSCTTY", Errno{errno}};
}

// The user may open /dev/stdout again, which takes permission on the pipe or terminal itself.
void own_streams(const Identity& identity) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat status = sys::fstat(FdRef(fd));
    bool terminal = S_ISCHR(status.st_mode) && ::isatty(fd) != 0;
    if (S_ISFIFO(status.st_mode) || terminal) sys::fchown(FdRef(fd), identity.uid, status.st_gid);
  }
}

// From here on the process is the container, and outlives any keeper.
void outlive_keeper() { sys::prctl(PR_SET_PDEATHSIG, 0, "PR_SET_PDEATHSIG"); }

/// How the process comes to be in its pid namespace. A container waits there until it is on record
/// who it is: one that runs and that no keeper knows of could run twice.
enum class Arrival { is_there, at_once, once_recorded };

// Whoever is in a pid namespace sees what enters it, and may stop and even trace it: so this comes
// last, when nothing of the host is left in the process to be had. The new process is the keeper's
// child as well.
void enter_pid_namespace(FdRef status, Arrival arrival) {
  long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) throw Error{"clone", "in the pid namespace of the other container", Errno{errno}};
  if (pid > 0) ::_exit(0);
  report(status, EnteredPidNamespace{});
  if (arrival == Arrival::at_once) return;
  char recorded = 0;
  // Otherwise the keeper is gone.
  if (::read(status.get(), &recorded, 1) != 1) ::_exit(1);
}

std::vector<std::string> under_init(const std::vector<std::string>& args, FdRef status) {
  std::vector<std::string> command{"estiba-init", "init", std::to_string(status.get()), "--"};
  command.insert(command.end(), args.begin(), args.end());
  return command;
}

// What is left to be done within the container's root, with no descriptor but the streams, the
// status socket, and the program if an init goes first.
[[noreturn]] void become_process(ProcessSetup process, Arrival arrival, FdRef status,
                                 const UniqueFd& init) {
  Identity identity = identity_inside(process);
  add_home(process.env, identity);
  own_streams(identity);
  join_new_keyring();
  enter_directory(process.cwd);
  // Not before: under a low limit of open files nothing above could be opened any more.
  apply_rlimits(process.rlimits);
  if (init) sys::set_cloexec(status, false);
  if (arrival == Arrival::is_there) lead_session(process);
  outlive_keeper();
  with_context([&] { confine(process, identity); }, "setting credentials");
  if (arrival != Arrival::is_there) {
    enter_pid_namespace(status, arrival);
    lead_session(process);
  }
  if (init) execute_fd(init, under_init(process.args, status), process.env);
  execute(process.args, process.env);
}

void start_container(const LaunchRequest& request, const ChildFds& fds, const Scratch& scratch) {
  FdRef status{fds.status};
  keep_own(fds);
  with_context([&] { join_cgroups(request.cgroup); }, "joining the container's cgroup");
  set_oom_score_adj(request.process.oom_score_adj);
  with_context([&] { join_namespaces(request, fds); }, "joining namespaces");
  ::umask(0);
  auto lent = borrow_all(request.mounts, fds);
  UniqueFd init = request.init ? sys::open("/proc/self/exe", O_PATH) : UniqueFd{};
  {
    RootBuilder root(scratch);
    root.open_sources(request.mounts, std::move(lent));
    root.mount_root(request.root);
    root.apply(request.mounts);
    if (request.process.terminal) take_terminal(status, root.open_console());
    root.enter(request.root);
  }
  close_all_but({status.get(), init.get()});
  set_names(request);
  reset_signals();
  bool joins = request.pid.mode == NamespaceMode::container;
  become_process(request.process, joins ? Arrival::once_recorded : Arrival::is_there, status, init);
}

// The container's /dev/pts, which its root may have replaced: only a real devpts will do.
RootBuilder::Terminal open_terminal_inside() {
  RootBuilder::Terminal terminal;
  terminal.master = open_beneath(sys::open("/", O_PATH | O_DIRECTORY), "dev/pts/ptmx",
                                 O_RDWR | O_NOCTTY, Links::refuse);
  if (sys::filesystem_type(terminal.master) != DEVPTS_SUPER_MAGIC)
    throw Error("the container's /dev/pts is not a devpts");
  int unlocked = 0;
  if (::ioctl(terminal.master.get(), TIOCSPTLCK, &unlocked) != 0)
    throw Error{"ioctl", "TIOCSPTLCK", Errno{errno}};
  int slave = ::ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) throw Error{"ioctl", "TIOCGPTPEER", Errno{errno}};
  terminal.slave = UniqueFd{slave};
  return terminal;
}

void start_exec(const ExecRequest& request, const ChildFds& fds) {
  FdRef status{fds.status};
  keep_own(fds);
  with_context([&] { join_cgroups(request.cgroup); }, "joining the container's cgroup");
  set_oom_score_adj(request.process.oom_score_adj);
  // All at once: the kernel changes either every namespace or none. Of the pid namespace it is the
  // one that children are born in.
  sys::setns(
      pidfd_of(fds, request.container),
      CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWPID,
      request.container);
  close_all_but({status.get()});
  reset_signals();
  if (request.process.terminal) take_terminal(status, open_terminal_inside());
  become_process(request.process, Arrival::at_once, status, {});
}

template <typename F>
[[noreturn]] void report_errors(FdRef status, F start) {
  try {
    start();
    report_failure(status, "the start ended without a command", 1);
  } catch (const Error& error) {
    report_failure(status, error.message(), error.exit_code());
  } catch (const std::exception& error) {
    report_failure(status, error.what(), 1);
  }
}

}  // namespace

void report_failure(FdRef status, const std::string& message, int exit_code) {
  try {
    report(status, StartFailed{message, exit_code});
  } catch (const std::exception&) {
    // The keeper is gone; there is nobody to tell.
  }
  ::_exit(exit_code);
}

void run_container(const LaunchRequest& request, const ChildFds& fds, const Scratch& scratch) {
  report_errors(FdRef{fds.status}, [&] { start_container(request, fds, scratch); });
}

void run_exec(const ExecRequest& request, const ChildFds& fds) {
  report_errors(FdRef{fds.status}, [&] { start_exec(request, fds); });
}

}  // namespace estiba::runtime
