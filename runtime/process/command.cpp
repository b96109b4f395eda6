#include "runtime/process/command.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr int not_executable = 126, not_found = 127;
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string variable(const std::vector<std::string>& env, std::string_view name) {
  for (const auto& entry : env)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  return {};
}

std::string reason(int code) {
  return strerrordesc_np(code) ? text::lower(strerrordesc_np(code)) : "unknown error";
}

bool is_missing(int code) { return code == ENOENT || code == ENOTDIR; }

// The errno of the failed execve.
int try_execute(const std::string& file, std::vector<char*>& argv, std::vector<char*>& envp) {
  ::execve(file.c_str(), argv.data(), envp.data());
  return errno;
}

[[noreturn]] void blame_file(const std::string& file, int code) {
  // An interpreter that is missing gives ENOENT for a script that is there.
  if (is_missing(code) && ::access(file.c_str(), F_OK) != 0)
    throw Error(cat("exec: \"", file, "\": stat ", file, ": ", reason(code)), not_found);
  throw Error(cat("exec ", file, ": ", reason(code)),
              is_missing(code) ? not_found : not_executable);
}

void load_seccomp(const std::string& program) {
  if (program.empty()) return;
  sock_fprog filter{};
  filter.len = static_cast<unsigned short>(program.size() / sizeof(sock_filter));
  filter.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(program.data()));
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
    throw Error{"seccomp", "SECCOMP_SET_MODE_FILTER", Errno{errno}};
}

}  // namespace

void execute(const std::vector<std::string>& args, const std::vector<std::string>& env) {
  if (args.empty()) throw Error("no command specified", not_found);
  auto argv = pointers(args);
  auto envp = pointers(env);
  const std::string& name = args.front();
  if (name.find('/') != std::string::npos) blame_file(name, try_execute(name, argv, envp));
  std::string path = variable(env, "PATH");
  std::string refused;
  int refusal = 0;
  if (!name.empty()) {
    for (const auto& dir : text::split(path.empty() ? default_path : path, ':')) {
      std::string file = cat(dir.empty() ? "." : dir, "/", name);
      int code = try_execute(file, argv, envp);
      if (is_missing(code) && ::access(file.c_str(), F_OK) != 0) continue;
      if (code != EACCES) blame_file(file, code);
      refused = file;
      refusal = code;
    }
  }
  if (refusal != 0) blame_file(refused, refusal);
  throw Error(cat("exec: \"", name, "\": executable file not found in $PATH"), not_found);
}

void execute_fd(FdRef program, const std::vector<std::string>& args,
                const std::vector<std::string>& env) {
  auto argv = pointers(args);
  auto envp = pointers(env);
  syscall(SYS_execveat, program.get(), "", argv.data(), envp.data(), AT_EMPTY_PATH);
  throw Error{"execveat", args.front(), Errno{errno}};
}

std::vector<std::string> current_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry && *entry; ++entry) entries.emplace_back(*entry);
  return entries;
}

Identity identity_inside(const ProcessSetup& process) {
  return with_context(
      [&] {
        return resolve_identity(process.user, process.groups, read_account_file("/etc/passwd"),
                                read_account_file("/etc/group"));
      },
      "looking up user \"", process.user, "\"");
}

void add_home(std::vector<std::string>& env, const Identity& identity) {
  std::erase(env, "HOME=");  // empty is as good as not there
  bool present = std::any_of(env.begin(), env.end(),
                             [](const std::string& entry) { return entry.starts_with("HOME="); });
  if (!present) env.push_back(cat("HOME=", identity.home));
}

// Made and entered beneath the root, by no magic link: /proc/self/fd/7 leads nowhere. The kernel
// says
// "(unreachable)" in the raw getcwd when a directory does not lie beneath the root.
void enter_directory(const std::string& cwd) {
  std::string path = cwd.empty() ? "/" : cwd;
  with_context(
      [&] {
        UniqueFd root = sys::open("/", O_PATH | O_DIRECTORY);
        sys::fchdir(directory_beneath(root, path, Links::follow));
        if (!sys::getcwd().starts_with('/'))
          throw Error("it lies outside of the container's root", not_executable);
      },
      "entering working directory ", path);
}

void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  reset_signal_mask_and_umask();
}

void reset_signal_mask_and_umask() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
}

void apply_rlimits(const std::vector<RlimitSetup>& rlimits) {
  for (const auto& limit : rlimits) {
    rlimit64 wanted{limit.soft, limit.hard};
    if (::setrlimit64(static_cast<__rlimit_resource>(limit.resource), &wanted) == 0) continue;
    if (errno != EPERM) throw Error{"setrlimit", std::to_string(limit.resource), Errno{errno}};
    // Without CAP_SYS_RESOURCE the hard limit can only be lowered.
    rlimit64 present{};
    ::getrlimit64(static_cast<__rlimit_resource>(limit.resource), &present);
    wanted.rlim_max = std::min(wanted.rlim_max, present.rlim_max);
    wanted.rlim_cur = std::min(wanted.rlim_cur, wanted.rlim_max);
    ::setrlimit64(static_cast<__rlimit_resource>(limit.resource), &wanted);
  }
}

void join_new_keyring() {
  // ENOSYS: a kernel without keyrings; EDQUOT: this user's quota of keys, which is no reason to
  // keep a container from starting: it then has the keeper's empty session keyring.
  (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
}

void confine(const ProcessSetup& process, const Identity& identity) {
  become(identity, process.capabilities);
  if (!process.no_new_privileges) {
    // Loading a filter without no_new_privs takes CAP_SYS_ADMIN, so it comes before the drop.
    load_seccomp(process.seccomp);
    limit_capabilities(process.capabilities);
    return;
  }
  limit_capabilities(process.capabilities);
  sys::prctl(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS");
  load_seccomp(process.seccomp);
}

}  // namespace estiba::runtime
