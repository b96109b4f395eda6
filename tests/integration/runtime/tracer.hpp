// Follows with ptrace(2) every process that the keeper starts, from its clone to its execve, and
// writes down at each system call what the process has then: a line whenever that has changed.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::runtime::testing {

class Tracer {
 public:
  /// `marker` is a path that only the host has. `on_exec` is called in the tracing thread, while
  /// the process is stopped behind its execve.
  Tracer(pid_t keeper, std::string marker, std::function<void(pid_t)> on_exec = {})
      : keeper_(keeper), marker_(std::move(marker)), on_exec_(std::move(on_exec)) {
    capabilities_of_keeper_ =
        field(fs::read_all(cat("/proc/", std::to_string(keeper), "/status")), "CapEff:");
    thread_ = std::thread([this] { run(); });
    while (!ready_) ::usleep(100);
  }
  ~Tracer() { stop(); }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Of each process, in the order of their starts.
  std::string steps() {
    stop();
    std::string all;
    for (size_t i = 0; i < order_.size(); ++i) {
      all += "process " + std::to_string(i + 1) + "\n";
      for (const auto& line : lines_.at(order_[i])) all += "  " + line + "\n";
    }
    return all;
  }

 private:
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  static long trace(int request, pid_t pid, long data = 0) {
    return ::ptrace(static_cast<__ptrace_request>(request), pid, nullptr, data);
  }

  void run() {
    constexpr long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                             PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
    bool seized = trace(PTRACE_SEIZE, keeper_, options) == 0;
    ready_ = true;
    bool interrupted = false;
    while (seized) {
      int status = 0;
      pid_t pid = ::waitpid(-1, &status, __WALL | WNOHANG);
      if (pid <= 0) {
        if (stopping_ && !interrupted) interrupted = trace(PTRACE_INTERRUPT, keeper_) == 0;
        ::usleep(100);
        continue;
      }
      if (!WIFSTOPPED(status)) continue;
      if (pid == keeper_ && interrupted && status >> 16 == PTRACE_EVENT_STOP) {
        trace(PTRACE_DETACH, keeper_);
        return;
      }
      pid == keeper_ ? go_on(PTRACE_CONT, pid, status) : follow(pid, status);
    }
  }

  static void go_on(int request, pid_t pid, int status) {
    bool is_signal = status >> 16 == 0 && WSTOPSIG(status) != (SIGTRAP | 0x80);
    trace(request, pid, is_signal ? WSTOPSIG(status) : 0);
  }

  void follow(pid_t pid, int status) {
    if (lines_.try_emplace(pid).second) order_.push_back(pid);
    if (status >> 16 == PTRACE_EVENT_EXEC) {
      if (on_exec_) on_exec_(pid);
      trace(PTRACE_DETACH, pid);
      return;
    }
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) note(pid);
    go_on(PTRACE_SYSCALL, pid, status);
  }

  // Those that follow a path, and those by which a process changes what it is.
  static bool is_step(uint64_t number) {
    static const std::set<uint64_t> steps{
        SYS_openat,    SYS_openat2,    SYS_mkdirat,  SYS_mknodat,    SYS_symlinkat, SYS_readlinkat,
        SYS_faccessat, SYS_newfstatat, SYS_chdir,    SYS_pivot_root, SYS_mount,     SYS_umount2,
        SYS_open_tree, SYS_move_mount, SYS_setns,    SYS_unshare,    SYS_capset,    SYS_seccomp,
        SYS_clone,     SYS_execve,     SYS_execveat, SYS_setresuid};
    return steps.contains(number);
  }

  void note(pid_t pid) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_step(info.entry.nr)) return;
    auto& lines = lines_[pid];
    std::string line = state(pid);
    if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end())
      lines.push_back(line);
  }

  static std::string link(const std::string& path) {
    try {
      return sys::readlink(path);
    } catch (const Error&) {
      return {};
    }
  }
  static bool same(const std::string& one, const std::string& other) {
    struct stat a {
    }, b{};
    return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
  }
  static std::string field(const std::string& text, const std::string& name) {
    for (const auto& line : text::split(text, '\n'))
      if (line.starts_with(name)) return std::string(text::trim(line.substr(name.size())));
    return {};
  }

  static std::set<std::string> own_mounts(const std::string& process) {
    std::set<std::string> ids;
    for (const auto& line : text::split(fs::read_all(process + "/mountinfo"), '\n'))
      ids.insert(line.substr(0, line.find(' ')));
    return ids;
  }

  // Of 3 and more; those of files that are reached by a path of the process's own do not count.
  static std::string descriptors(const std::string& process, bool on_host) {
    std::multiset<std::string> kinds;
    auto own = own_mounts(process);
    for (const auto& name : fs::list_dir(process + "/fd")) {
      if (name.size() == 1 && name[0] < '3') continue;
      std::string target = link(process + "/fd/" + name);
      std::string mount = field(fs::read_all(process + "/fdinfo/" + name), "mnt_id:");
      bool is_path = target.starts_with('/');
      if (is_path && (on_host || own.contains(mount))) continue;
      if (target.starts_with("socket:")) target = "socket";
      if (target.starts_with("pipe:")) target = "pipe";
      if (target.starts_with("anon_inode:[")) target = target.substr(12, target.size() - 13);
      if (target.starts_with("mnt:")) target = "mount-namespace";
      kinds.insert(target);
    }
    if (kinds.contains("eventpoll")) return "the-keeper's";
    std::string all;
    for (const auto& kind : kinds) all += (all.empty() ? "" : ",") + kind;
    return all.empty() ? "-" : all;
  }

  static std::string environment(const std::string& process) {
    std::string names;
    for (const auto& entry : text::split(fs::read_all(process + "/environ"), '\0'))
      if (!entry.empty()) names += (names.empty() ? "" : ",") + entry.substr(0, entry.find('='));
    return names;
  }

  std::string state(pid_t pid) const {
    try {
      std::string process = "/proc/" + std::to_string(pid);
      std::string status = fs::read_all(process + "/status");
      bool on_host = ::access((process + "/root" + marker_).c_str(), F_OK) == 0;
      std::string uid = text::split(field(status, "Uid:"), '\t').at(1);
      bool inside = text::split(field(status, "NSpid:"), '\t').size() > 1;
      // proc(5): but for a process that is not dumpable its files are its user's.
      bool dumpable = uid != "0" && sys::stat(process + "/status")->st_uid != 0;
      std::string capabilities = field(status, "CapEff:");
      return cat("root=", on_host ? "host" : "own",
                 same(process + "/root", process + "/cwd") ? "" : " cwd=elsewhere",
                 " pids=", inside ? "inside" : "outside", " fds=", descriptors(process, on_host),
                 " uid=", uid,
                 " caps=", capabilities == capabilities_of_keeper_ ? "all" : capabilities,
                 " seccomp=", field(status, "Seccomp:"), " env=", environment(process),
                 dumpable ? " dumpable" : "");
    } catch (const std::exception&) {
      return {};  // it has just ended
    }
  }

  pid_t keeper_;
  std::string marker_, capabilities_of_keeper_;
  std::function<void(pid_t)> on_exec_;
  std::thread thread_;
  std::atomic<bool> ready_ = false, stopping_ = false;
  std::map<pid_t, std::vector<std::string>> lines_;
  std::vector<pid_t> order_;
};

}  // namespace estiba::runtime::testing
