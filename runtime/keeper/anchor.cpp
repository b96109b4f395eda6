#include "runtime/keeper/anchor.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <optional>

#include "base/boot_id.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/keeper/records.hpp"
#include "runtime/launch/clone.hpp"
#include "runtime/process/command.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr const char* oom_score = "-950";

void say(const std::string& sentence) {
  std::string line = cat("estiba anchor: ", sentence, "\n");
  (void)!::write(2, line.data(), line.size());
}

void pause(Milliseconds time) {
  timespec span{time.count() / 1000, time.count() % 1000 * 1'000'000};
  ::nanosleep(&span, nullptr);
}

// The lock file is removed at the end, so a lock counts only while the path still leads to it.
std::optional<UniqueFd> try_lock(const std::string& path) {
  UniqueFd fd = sys::open(path, O_RDWR | O_CREAT, 0600);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  auto there = sys::stat(path);
  if (!there || there->st_ino != sys::fstat(fd).st_ino) return std::nullopt;
  return fd;
}

// Held by another: either it runs, or it is just ending (no socket), and then its place is ours.
std::optional<UniqueFd> lock_or_yield(const Layout& layout) {
  constexpr int most_tries = 600;
  constexpr Milliseconds interval{5};
  for (int tries = 0; tries < most_tries; ++tries) {
    try {
      make_run_directories(layout);
      if (auto lock = try_lock(layout.anchor_lock())) return lock;
    } catch (const Error& error) {
      // The one that ends has removed the directory in this instant.
      if (error.code() != ENOENT) throw;
    }
    if (fs::exists(layout.keeper_socket())) return std::nullopt;
    pause(interval);
  }
  return std::nullopt;
}

// An anchor that ended while we waited for its lock has removed what it and we had made.
void make_all_again(const Layout& layout) {
  make_run_directories(layout);
  sys::dup2(sys::open(layout.log(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
}

// The shell that ran the first `up` must not pass its limits on to every container: PID 1's are
// taken, as a service of the machine would have them.
void take_limits_of_init() {
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    rlimit64 wanted{}, present{};
    auto which = static_cast<__rlimit_resource>(resource);
    if (::prlimit64(1, which, nullptr, &wanted) != 0) continue;
    if (::prlimit64(0, which, nullptr, &present) != 0) continue;
    if (wanted.rlim_max > present.rlim_max) wanted.rlim_max = present.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
    // Lowering cannot be undone without CAP_SYS_RESOURCE, so the hard limits stay.
    wanted.rlim_max = present.rlim_max;
    ::prlimit64(0, which, &wanted, nullptr);
  }
}

void protect_from_oom() {
  UniqueFd file = sys::open("/proc/self/oom_score_adj", O_WRONLY);
  (void)!::write(file.get(), oom_score, 4);
}

pid_t start_keeper(const KeeperConfig& config) {
  auto cloned = clone_process(0, -1);
  if (cloned) return cloned->pid;
  try {
    execute_fd(
        sys::open("/proc/self/exe", O_PATH),
        {"estiba-keeper", "keeper", config.layout.run_dir, config.state_dir, config.server_program},
        current_environment());
  } catch (const Error& error) {
    say(cat("cannot start the keeper: ", error.message()));
  }
  ::_exit(127);
}

void write_exit(const Layout& layout, pid_t pid, int status) {
  try {
    for (const auto& record : load_records(layout))
      if (record.pid == pid && record.boot_id == boot_id())
        save(layout, exit_from_status(record, status));
  } catch (const Error& error) {
    say(cat("an exit could not be kept: ", error.message()));
  }
}

// The wait status of the keeper; exits of others are written on the way.
int wait_for_keeper(const Layout& layout, pid_t keeper) {
  while (true) {
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, 0);
    if (pid == keeper) return status;
    if (pid > 0) {
      write_exit(layout, pid, status);
    } else if (errno == ECHILD) {
      return 1;
    }
  }
}

}  // namespace

int run_anchor(const KeeperConfig& config) {
  ::prctl(PR_SET_NAME, "estiba-anchor");
  reset_signals();
  auto lock = lock_or_yield(config.layout);
  if (!lock) return 0;
  make_all_again(config.layout);
  sys::prctl(PR_SET_CHILD_SUBREAPER, 1, "PR_SET_CHILD_SUBREAPER");
  take_limits_of_init();
  protect_from_oom();
  constexpr Milliseconds first_delay{10}, longest_delay{10'000}, long_life{10'000};
  Milliseconds delay = first_delay;
  while (true) {
    Milliseconds started = monotonic_now();
    int status = wait_for_keeper(config.layout, start_keeper(config));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    if (monotonic_now() - started > long_life) delay = first_delay;
    pause(delay);
    delay = std::min(delay * 2, longest_delay);
  }
  remove_run_directories(config.layout);
  return 0;
}

}  // namespace estiba::runtime
