// A hostile neighbour: a process in a container's pid and mount namespaces, with every capability
// (so also with CAP_SYS_PTRACE), that looks at each process there again and again.
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::runtime::testing {

class Watcher {
 public:
  /// `marker` is a path of the host, and of no container: a mount point, so that it is found in the
  /// mountinfo of whoever has the host's mounts.
  Watcher(FdRef container, const std::string& marker) {
    sys::Pipe pipe = sys::pipe2();
    child_ = ::fork();
    if (child_ < 0) throw Error{"fork", "", Errno{errno}};
    if (child_ == 0) watch(container, marker, pipe.writer);
    pipe.writer.reset();
    reader_ = std::move(pipe.reader);
    char ready = 0;
    if (::read(reader_.get(), &ready, 1) != 1) throw Error("the watcher does not watch");
  }
  ~Watcher() { stop(); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// What it has seen: "r" for a root directory that is the host's, "m" for the host's mounts.
  std::string seen() {
    stop();
    std::string all;
    char byte = 0;
    while (::read(reader_.get(), &byte, 1) == 1) all += byte;
    return all;
  }

 private:
  void stop() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

  static bool holds(const std::string& path, const std::string& text) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    std::string all;
    char buffer[16384];
    for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<size_t>(got));
    ::close(fd);
    return all.find(text) != std::string::npos;
  }

  static void look(const std::string& process, const std::string& marker, FdRef out) {
    if (::access((process + "/root" + marker).c_str(), F_OK) == 0)
      (void)!::write(out.get(), "r", 1);
    if (holds(process + "/mountinfo", marker)) (void)!::write(out.get(), "m", 1);
  }

  [[noreturn]] static void watch(FdRef container, const std::string& marker, FdRef out) {
    bool inside = ::setns(container.get(), CLONE_NEWPID | CLONE_NEWNS) == 0;
    pid_t born = inside ? ::fork() : -1;
    if (born < 0) ::_exit(1);
    if (born > 0) {
      // Both end by one signal.
      ::waitpid(born, nullptr, 0);
      ::_exit(0);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string self = std::to_string(::getpid());
    (void)!::write(out.get(), "!", 1);
    while (true) {
      DIR* processes = ::opendir("/proc");
      while (const dirent* entry = processes ? ::readdir(processes) : nullptr) {
        std::string name = entry->d_name;
        if (std::isdigit(name[0]) && name != self) look("/proc/" + name, marker, out);
      }
      if (processes) ::closedir(processes);
    }
  }

  pid_t child_ = 0;
  UniqueFd reader_;
};

}  // namespace estiba::runtime::testing
