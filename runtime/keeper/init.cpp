#include "runtime/keeper/init.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "runtime/launch/child.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

[[noreturn]] void become_command(FdRef status, const std::vector<std::string>& command) {
  try {
    reset_signal_mask_and_umask();
    // A process group of its own, in the foreground of the terminal, if there is one.
    ::setpgid(0, 0);
    ::signal(SIGTTOU, SIG_IGN);
    ::tcsetpgrp(0, ::getpid());
    ::signal(SIGTTOU, SIG_DFL);
    execute(command, current_environment());
  } catch (const Error& error) {
    report_failure(status, error.message(), error.exit_code());
  }
}

sigset_t forwarded_signals() {
  sigset_t set;
  ::sigfillset(&set);
  for (int synchronous : {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS})
    ::sigdelset(&set, synchronous);
  return set;
}

// The command's wait status, once it has ended.
bool reap(pid_t command, int& status) {
  bool ended = false;
  int one = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &one, WNOHANG)) > 0) {
    if (pid != command) continue;
    status = one;
    ended = true;
  }
  return ended;
}

}  // namespace

int run_init(int status_fd, const std::vector<std::string>& command) {
  UniqueFd status{status_fd};
  sys::set_cloexec(status, true);
  ::prctl(PR_SET_NAME, "estiba-init");
  sigset_t signals = forwarded_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  pid_t child = ::fork();
  if (child < 0) report_failure(status, Error("fork", "", Errno{errno}).message(), 126);
  if (child == 0) become_command(status, command);
  status.reset();
  int wait_status = 0;
  while (true) {
    int signal = ::sigwaitinfo(&signals, nullptr);
    if (signal == SIGCHLD) {
      if (reap(child, wait_status)) break;
    } else if (signal > 0 && signal != SIGTTIN && signal != SIGTTOU) {
      ::kill(child, signal);
    }
  }
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace estiba::runtime
