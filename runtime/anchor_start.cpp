// Starting the anchor: the embedded executable, in a sealed memfd so that nothing can ever write to
// what runs, in a session of its own.
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/containers.hpp"
#include "runtime/embedded_keeper.hpp"
#include "runtime/keeper/layout.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

// Newer than Debian 12's headers.
constexpr unsigned memfd_exec = 0x10;
constexpr int seal_exec = 0x20;

UniqueFd executable_memfd() {
  try {
    // Linux 6.3 and later want to be told that a memfd will be executed.
    return sys::memfd_create("estiba-keeper", MFD_ALLOW_SEALING | memfd_exec);
  } catch (const Error& error) {
    if (error.code() != EINVAL) throw;
    return sys::memfd_create("estiba-keeper", MFD_ALLOW_SEALING);
  }
}

UniqueFd sealed_keeper() {
  UniqueFd file = executable_memfd();
  sys::write_all(file, embedded_keeper(), "the keeper's memfd");
  constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  // Sealing the mode too takes Linux 6.3.
  if (::fcntl(file.get(), F_ADD_SEALS, seals | seal_exec) != 0 &&
      ::fcntl(file.get(), F_ADD_SEALS, seals) != 0)
    throw Error{"fcntl", "F_ADD_SEALS", Errno{errno}};
  // Executing a file that is open for writing fails with ETXTBSY.
  return sys::open(sys::fd_path(file), O_RDONLY);
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
    sys::close_range_cloexec(3);
    execute_fd(program, args, current_environment());
  } catch (const Error&) {
    ::_exit(127);
  }
}

}  // namespace

void start_anchor(const std::string& server_program, const Containers::Config& config) {
  Layout layout{config.run_dir};
  make_run_directories(layout);
  UniqueFd log = sys::open(layout.log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  UniqueFd null = sys::open("/dev/null", O_RDWR);
  UniqueFd program = sealed_keeper();
  std::vector<std::string> args{"estiba-anchor", "anchor", config.run_dir, config.state_dir,
                                server_program};
  pid_t child = ::fork();
  if (child < 0) throw Error{"fork", "for the anchor", Errno{errno}};
  if (child == 0) become_anchor(program, null, log, args);
  int status = 0;
  sys::eintr([&] { return ::waitpid(child, &status, 0); });
}

}  // namespace estiba::runtime
