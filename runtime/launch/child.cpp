#include "runtime/launch/child.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
  // Its root is the cgroup the process is in, so it comes after joining.
  if (request.cgroup_namespace.mode == NamespaceMode::create) sys::unshare(CLONE_NEWCGROUP);
  if (request.network.mode == NamespaceMode::create) bring_loopback_up();
}

// A detached copy of the other container's /dev/shm, fetched by a visit to its mount namespace.
std::optional<UniqueFd> shm_of(const NamespaceSetup& ipc, const ChildFds& fds) {
  if (ipc.mode != NamespaceMode::container) return std::nullopt;
  UniqueFd own = sys::open("/proc/self/ns/mnt", O_RDONLY);
  sys::setns(pidfd_of(fds, ipc.target), CLONE_NEWNS, ipc.target);
  UniqueFd shm = sys::open_tree(FdRef::cwd(), "/dev/shm", OPEN_TREE_CLONE);
  sys::setns(own, CLONE_NEWNS, "the own mount namespace");
  return shm;
}

void set_names(const LaunchRequest& request) {
  if (request.uts.mode != NamespaceMode::create) return;
  if (!request.hostname.empty()) sys::sethostname(request.hostname);
  if (!request.domainname.empty()) sys::setdomainname(request.domainname);
}

void send_terminal(FdRef status, FdRef master) {
  send_packet(status, wire::encode(ChildReport{}), {master.get()});
}

void take_terminal(FdRef slave) {
  for (int fd = 0; fd < 3; ++fd) sys::dup2(slave, fd);
  if (::ioctl(0, TIOCSCTTY, 0) != 0) throw Error{"ioctl", "TIOCSCTTY", Errno{errno}};
}

// The user may open /dev/stdout again, which takes permission on the pipe or terminal itself.
void own_streams(const Identity& identity) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat status = sys::fstat(FdRef(fd));
    bool terminal = S_ISCHR(status.st_mode) && ::isatty(fd) != 0;
    if (S_ISFIFO(status.st_mode) || terminal) sys::fchown(FdRef(fd), identity.uid, status.st_gid);
  }
}

void take_streams(const ChildFds& fds) {
  UniqueFd null;
  int input = fds.stdin_fd;
  if (input < 0) {
    null = sys::open("/dev/null", O_RDONLY);
    input = null.get();
  }
  sys::dup2(FdRef(input), 0);
  sys::dup2(FdRef(fds.stdout_fd), 1);
  sys::dup2(FdRef(fds.stderr_fd), 2);
}

// From here on the process is the container, and outlives any keeper.
void outlive_keeper() { sys::prctl(PR_SET_PDEATHSIG, 0, "PR_SET_PDEATHSIG"); }

std::vector<std::string> under_init(const std::vector<std::string>& args, FdRef status) {
  std::vector<std::string> command{"estiba-init", "init", std::to_string(status.get()), "--"};
  command.insert(command.end(), args.begin(), args.end());
  return command;
}

void start_container(const LaunchRequest& request, const ChildFds& fds, const Scratch& scratch) {
  FdRef status{fds.status};
  with_context([&] { join_cgroups(request.cgroup); }, "joining the container's cgroup");
  set_oom_score_adj(request.process.oom_score_adj);
  with_context([&] { join_namespaces(request, fds); }, "joining namespaces");
  ::umask(0);
  UniqueFd program = sys::open("/proc/self/exe", O_PATH);
  std::optional<UniqueFd> slave;
  {
    RootBuilder root(scratch);
    root.open_sources(request.mounts, shm_of(request.ipc, fds));
    root.mount_root(request.root);
    root.apply(request.mounts);
    if (request.process.terminal) {
      auto terminal = root.open_console();
      send_terminal(status, terminal.master);
      slave = std::move(terminal.slave);
    }
    root.enter(request.root);
  }
  set_names(request);
  reset_signals();
  ::setsid();
  if (slave) {
    take_terminal(*slave);
  } else {
    take_streams(fds);
  }
  ProcessSetup process = request.process;
  Identity identity = identity_inside(process);
  add_home(process.env, identity);
  own_streams(identity);
  join_new_keyring();
  sys::close_range_cloexec(3);
  enter_directory(process.cwd);
  // Not before: under a low limit of open files nothing above could be opened any more.
  apply_rlimits(process.rlimits);
  if (request.init) sys::set_cloexec(status, false);
  outlive_keeper();
  with_context([&] { confine(process, identity); }, "setting credentials");
  if (request.init) execute_fd(program, under_init(process.args, status), process.env);
  execute(process.args, process.env);
}

// The container's /dev/pts, which its root may have replaced: only a real devpts will do.
RootBuilder::Terminal open_terminal_inside() {
  RootBuilder::Terminal terminal;
  terminal.master = sys::open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW);
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
  with_context([&] { join_cgroups(request.cgroup); }, "joining the container's cgroup");
  set_oom_score_adj(request.process.oom_score_adj);
  // All at once: the kernel changes either every namespace or none.
  sys::setns(pidfd_of(fds, request.container),
             CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP,
             request.container);
  reset_signals();
  ::setsid();
  if (request.process.terminal) {
    auto terminal = open_terminal_inside();
    send_terminal(FdRef{fds.status}, terminal.master);
    take_terminal(terminal.slave);
  } else {
    take_streams(fds);
  }
  ProcessSetup process = request.process;
  Identity identity = identity_inside(process);
  add_home(process.env, identity);
  own_streams(identity);
  join_new_keyring();
  sys::close_range_cloexec(3);
  enter_directory(process.cwd);
  apply_rlimits(process.rlimits);
  outlive_keeper();
  with_context([&] { confine(process, identity); }, "setting credentials");
  execute(process.args, process.env);
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
    send_packet(status, wire::encode(ChildReport{message, exit_code}), {});
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
