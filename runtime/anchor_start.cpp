// Starting the anchor: the embedded executable, on a read-only mount so that nothing can ever write
// to what runs, in a session and with an environment of its own.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "runtime/containers.hpp"
#include "runtime/embedded_keeper.hpp"
#include "runtime/keeper/layout.hpp"
#include "runtime/launch/descriptors.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

// A file on a mount of its own that is read-only from then on and that no path leads to. A
// container's init runs from it, and reaches it as /proc/1/exe: there is no writing to it, nor
// changing its mode, which a memfd's seals can keep from happening only since Linux 6.3.
UniqueFd readonly_keeper() {
  constexpr const char* name = "estiba-keeper";
  UniqueFd context = sys::fsopen("tmpfs");
  sys::fsconfig_string(context, "source", name);
  sys::fsconfig_create(context);
  UniqueFd mount = sys::fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, name);
  UniqueFd file = node::make_file(mount, name, 0);
  sys::write_all(file, embedded_keeper(), name);
  node::set_mode(file, 0555, name);  // a container's init may run as anybody, whatever our umask
  file.reset();                      // what is open to be written cannot be executed
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  sys::mount_setattr(mount, attributes, sys::Depth::one, name);
  return node::open_file(node::hold(mount, name), node::Use::read, name);
}

// What a service of the machine would have: nothing of the shell that ran the first `up`.
std::vector<std::string> service_environment() {
  std::vector<std::string> environment{
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  if (const char* zone = std::getenv("TZ")) environment.push_back(cat("TZ=", zone));
  return environment;
}

// An anchor that ends in this instant takes with it the directories that it finds empty.
UniqueFd open_log(const Layout& layout) {
  constexpr int most_tries = 100;
  for (int tries = 1;; ++tries) {
    try {
      make_run_directories(layout);
      return sys::open(layout.log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    } catch (const Error& error) {
      if (error.code() != ENOENT || tries == most_tries) throw;
    }
  }
}

[[noreturn]] void become_anchor(FdRef program, FdRef null, FdRef log,
                                const std::vector<std::string>& args) {
  try {
    ::setsid();
    // Not the leader of the session, so that it can never come to have a terminal.
    if (::fork() != 0) ::_exit(0);
    reset_signals();
    sys::chdir("/");
    sys::dup2(null, 0);
    sys::dup2(null, 1);
    sys::dup2(log, 2);
    close_all_but({program.get()});
    execute_fd(program, args, service_environment());
  } catch (const Error&) {
    ::_exit(127);
  }
}

}  // namespace

void start_anchor(const std::string& server_program, const Containers::Config& config) {
  Layout layout{config.run_dir};
  UniqueFd log = open_log(layout);
  UniqueFd null = sys::open("/dev/null", O_RDWR);
  UniqueFd program = readonly_keeper();
  std::vector<std::string> args{"estiba-anchor", "anchor", config.run_dir, config.state_dir,
                                server_program};
  pid_t child = ::fork();
  if (child < 0) throw Error{"fork", "for the anchor", Errno{errno}};
  if (child == 0) become_anchor(program, null, log, args);
  int status = 0;
  sys::eintr([&] { return ::waitpid(child, &status, 0); });
}

}  // namespace estiba::runtime
