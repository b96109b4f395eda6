#include "runtime/keeper/server_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/launch/clone.hpp"
#include "runtime/launch/descriptors.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr Milliseconds foreign_check{200};
constexpr const char* server_oom_score = "-500";

void say(const std::string& line) {
  std::string text = cat("estiba keeper: ", line, "\n");
  (void)!::write(2, text.data(), text.size());
}

[[noreturn]] void become_server(const KeeperConfig& config) {
  try {
    ::setenv("ESTIBA_RUNDIR", config.layout.run_dir.c_str(), 1);
    ::setenv("ESTIBA_ROOT", config.state_dir.c_str(), 1);
    reset_signals();
    UniqueFd score = sys::open("/proc/self/oom_score_adj", O_WRONLY);
    (void)!::write(score.get(), server_oom_score, 4);
    close_all_but({});
    const char* program = config.server_program.c_str();
    ::execl(program, program, "server", nullptr);
    throw Error{"execve", program, Errno{errno}};
  } catch (const Error& error) {
    say(cat("cannot start the server: ", error.message()));
  }
  ::_exit(127);
}

}  // namespace

bool ServerProcess::lock_is_held() const {
  return !fs::FileLock::try_acquire(config_.layout.server_lock(), fs::FileLock::Mode::exclusive);
}

void ServerProcess::ensure() {
  if (stopping_ || pid_ != 0 || connected_ || gave_up_) return;
  if (lock_is_held()) {
    watch_foreign();
  } else {
    start();
  }
}

void ServerProcess::start() {
  auto cloned = clone_process(0, -1);
  if (!cloned) become_server(config_);
  pid_ = cloned->pid;
}

// A server that is not our child tells us of its end only by its lock.
void ServerProcess::watch_foreign() {
  if (watching_) return;
  watching_ = true;
  loop_.after(foreign_check, [this] {
    watching_ = false;
    ensure();
  });
}

bool ServerProcess::on_exit(pid_t pid, int status) {
  if (pid != pid_ || pid == 0) return false;
  pid_ = 0;
  if (stopping_) return true;
  if (WIFSIGNALED(status))
    say(cat("the server was ended by signal ", std::to_string(WTERMSIG(status))));
  else
    say(cat("the server exited with code ", std::to_string(WEXITSTATUS(status))));
  auto delay = respawn_.after_death(monotonic_now());
  if (!delay) {
    gave_up_ = true;
    say("the server died five times within a minute and is not started again; containers go on");
    return true;
  }
  loop_.after(*delay, [this] { ensure(); });
  return true;
}

void ServerProcess::connection_lost() {
  connected_ = false;
  ensure();
}

}  // namespace estiba::runtime
