#include "imgmgr/child_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::img {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> out = added;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  return out;
}

struct ChildFds {
  int input, output, errors, failure;
};

// Between fork and execve: plain system calls only. What the program mounts stays in a namespace of
// its own and so goes with it; and it ends with us, however we end.
[[noreturn]] void run(const ChildFds& fds, char* const* argv, char* const* env) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  bool ready = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::dup2(fds.input, STDIN_FILENO) >= 0 && ::dup2(fds.output, STDOUT_FILENO) >= 0 &&
               ::dup2(fds.errors, STDERR_FILENO) >= 0;
  if (ready) ::execvpe(argv[0], argv, env);
  int code = errno;
  // Nobody is left to hear of a failure to say so.
  [[maybe_unused]] ssize_t told = ::write(fds.failure, &code, sizeof code);
  ::_exit(127);
}

}  // namespace

std::optional<ChildProcess> ChildProcess::start(const std::vector<std::string>& argv,
                                                const std::vector<std::string>& env) {
  return start(argv, env, sys::open("/dev/null", O_RDONLY));
}

std::optional<ChildProcess> ChildProcess::start(const std::vector<std::string>& argv,
                                                const std::vector<std::string>& env, FdRef input) {
  auto output = sys::pipe2(), errors = sys::pipe2(), failure = sys::pipe2();
  auto environment = environment_with(env);
  auto arguments = pointers(argv), variables = pointers(environment);
  pid_t pid = ::fork();
  if (pid < 0) throw Error{"fork", argv.front(), Errno{errno}};
  if (pid == 0)
    run({input.get(), output.writer.get(), errors.writer.get(), failure.writer.get()},
        arguments.data(), variables.data());
  ChildProcess child(pid, std::move(output.reader), std::move(errors.reader));
  failure.writer.reset();
  int code = 0;
  if (sys::read(failure.reader, &code, sizeof code, argv.front()) == 0) return child;
  if (code == ENOENT) return std::nullopt;
  throw Error{"execve", argv.front(), Errno{code}};
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

ChildProcess::~ChildProcess() { stop(); }

void ChildProcess::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  wait();
}

int ChildProcess::wait() {
  int status = 0;
  sys::eintr([&] { return ::waitpid(pid_, &status, 0); });
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace estiba::img
