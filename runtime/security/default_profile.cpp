// What Docker's default profile allows: everything that programs commonly use and that does not
// reach beyond the container's namespaces and capabilities. Grouped by subject; the rest, known or
// to come, is refused.
#include <linux/seccomp.h>

#include <cerrno>
#include <string_view>

#include "base/text.hpp"
#include "runtime/containers.hpp"
#include "runtime/security/seccomp.hpp"

namespace estiba::runtime::seccomp {
namespace {

constexpr std::string_view files =
    "access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 "
    "faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown "
    "fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 "
    "fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 ioctl lchown lchown32 link "
    "linkat listmount _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at "
    "newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 "
    "read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 "
    "splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range "
    "syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes "
    "vmsplice write writev cachestat";
constexpr std::string_view attributes =
    "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr "
    "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat";
constexpr std::string_view waiting =
    "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
    "epoll_wait epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init "
    "inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents "
    "io_pgetevents_time64 io_setup io_submit poll ppoll ppoll_time64 pselect6 pselect6_time64 "
    "select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
    "timerfd_settime64";
constexpr std::string_view memory =
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 "
    "mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc "
    "pkey_free pkey_mprotect process_mrelease remap_file_pages";
constexpr std::string_view network =
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
    "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall "
    "socketpair";
constexpr std::string_view ipc =
    "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
    "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
    "semtimedop_time64 shmat shmctl shmdt shmget";
constexpr std::string_view processes =
    "execve execveat exit exit_group fork get_robust_list get_thread_area getcpu getpgid getpgrp "
    "getpid getppid getpriority getrlimit getrusage getsid gettid ioprio_get ioprio_set kill "
    "pidfd_open pidfd_send_signal prctl prlimit64 rseq sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield set_robust_list set_thread_area "
    "set_tid_address setpgid setpriority setrlimit setsid tgkill tkill ugetrlimit uretprobe vfork "
    "wait4 waitid waitpid riscv_hwprobe";
constexpr std::string_view credentials =
    "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
    "getresgid getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule "
    "landlock_create_ruleset landlock_restrict_self seccomp setfsgid setfsgid32 setfsuid "
    "setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 "
    "setresuid setresuid32 setreuid setreuid32 setuid setuid32";
constexpr std::string_view signals_and_futexes =
    "alarm futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake getitimer pause "
    "restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo setitimer sigaltstack "
    "sigprocmask sigreturn";
// The clocks can be read; setting them takes CAP_SYS_TIME, which the kernel checks.
constexpr std::string_view time_and_machine =
    "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getrandom gettimeofday nanosleep "
    "sysinfo time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
    "timer_settime timer_settime64 times uname";

struct Gate {
  const char* capability;
  std::string_view names;
};
constexpr Gate gates[] = {
    {"dac_read_search", "open_by_handle_at"},
    {"sys_admin",
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
     "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount "
     "open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount "
     "umount2 unshare"},
    {"sys_boot", "reboot"},
    {"sys_chroot", "chroot"},
    {"sys_module", "delete_module finit_module init_module"},
    {"sys_pacct", "acct"},
    {"sys_ptrace", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"},
    {"sys_rawio", "ioperm iopl"},
    {"sys_time", "clock_settime clock_settime64 settimeofday stime"},
    {"sys_tty_config", "vhangup"},
    {"sys_nice", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {"syslog", "syslog"},
    {"bpf", "bpf"},
    {"perfmon", "perf_event_open"},
};

std::vector<std::string> words(std::string_view names) { return text::split(names, ' '); }

Rule allow(std::string_view names) { return {words(names), SECCOMP_RET_ALLOW, {}}; }

Rule allow_if(const char* name, Condition condition) {
  return {{name}, SECCOMP_RET_ALLOW, {condition}};
}

bool has(uint64_t capabilities, const char* name) {
  auto number = parse_capability(name);
  return number && (capabilities >> *number & 1) != 0;
}

// Every address family but AF_ALG (38), the kernel's cryptography with its history of page cache
// writes, and AF_VSOCK (40), which reaches the hypervisor past the network namespace.
void add_sockets(std::vector<Rule>& rules) {
  constexpr unsigned af_alg = 38, between = 39, af_vsock = 40;
  rules.push_back(allow_if("socket", {0, af_alg, 0, Compare::lt}));
  rules.push_back(allow_if("socket", {0, between, 0, Compare::eq}));
  rules.push_back(allow_if("socket", {0, af_vsock, 0, Compare::gt}));
}

// PER_LINUX and PER_LINUX32, each with and without UNAME26, and the query.
void add_personalities(std::vector<Rule>& rules) {
  for (uint64_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL})
    rules.push_back(allow_if("personality", {0, persona, 0, Compare::eq}));
}

// Threads and processes, but no new namespaces. clone3 hides its flags behind a pointer: without
// it, libraries fall back to clone, upon ENOSYS only.
void add_clone(std::vector<Rule>& rules) {
  constexpr uint64_t namespace_flags = 0x7e020000;
  rules.push_back(allow_if("clone", {0, namespace_flags, 0, Compare::masked_eq}));
  rules.push_back({{"clone3"}, SECCOMP_RET_ERRNO | ENOSYS, {}});
}

}  // namespace

Profile default_profile(uint64_t capabilities) {
  Profile profile;
  profile.default_action = SECCOMP_RET_ERRNO | EPERM;
#if defined(__x86_64__)
  profile.sub_architectures = {"x86", "x32"};
#elif defined(__aarch64__)
  profile.sub_architectures = {"arm"};
#endif
  for (std::string_view group : {files, attributes, waiting, memory, network, ipc, processes,
                                 credentials, signals_and_futexes, time_and_machine})
    profile.rules.push_back(allow(group));
  // Kernels since 4.8 apply filters after ptrace's changes, so tracing is no way around them.
  profile.rules.push_back(allow("process_vm_readv process_vm_writev ptrace"));
  profile.rules.push_back(
      allow("arch_prctl modify_ldt arm_fadvise64_64 arm_sync_file_range "
            "breakpoint cacheflush set_tls sync_file_range2"));
  add_sockets(profile.rules);
  add_personalities(profile.rules);
  for (const auto& gate : gates)
    if (has(capabilities, gate.capability)) profile.rules.push_back(allow(gate.names));
  if (!has(capabilities, "sys_admin")) add_clone(profile.rules);
  return profile;
}

}  // namespace estiba::runtime::seccomp
