#include "runtime/security/seccomp.hpp"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "runtime/containers.hpp"
#include "runtime/security/syscall_numbers.hpp"

namespace estiba::runtime::seccomp {
namespace {

constexpr uint64_t sys_admin = uint64_t{1} << 21;

/// The verdict of the filter, by an interpreter of classic BPF.
uint32_t verdict(const std::string& bytes, const seccomp_data& data) {
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), bytes.size());
  uint32_t a = 0;
  for (size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& i = program[pc];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= i.k;
        break;
      case BPF_JMP | BPF_JA:
        pc += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += a == i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        pc += a > i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += a >= i.k ? i.jt : i.jf;
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        ADD_FAILURE() << "unknown instruction " << i.code;
        return 0;
    }
  }
  ADD_FAILURE() << "the program has no end";
  return 0;
}

class Filter {
 public:
  explicit Filter(const Profile& profile) : program_(compile(profile)) {}
  /// "allow", "EPERM", "ENOSYS", "kill", or the number.
  std::string operator()(const std::string& name, uint64_t first = 0, uint64_t second = 0) const {
    auto number = syscall_number(native_architecture(), name);
    return number ? by_number(static_cast<int>(*number), first, second) : "unknown";
  }
  std::string by_number(int number, uint64_t first = 0, uint64_t second = 0,
                        uint32_t arch = native_architecture().audit) const {
    seccomp_data data{};
    data.nr = number;
    data.arch = arch;
    data.args[0] = first;
    data.args[1] = second;
    uint32_t result = verdict(program_, data);
    if (result == SECCOMP_RET_ALLOW) return "allow";
    if (result == (SECCOMP_RET_ERRNO | EPERM)) return "EPERM";
    if (result == (SECCOMP_RET_ERRNO | ENOSYS)) return "ENOSYS";
    if (result == SECCOMP_RET_KILL_PROCESS) return "kill";
    return std::to_string(result);
  }
  size_t size() const { return program_.size() / sizeof(sock_filter); }

 private:
  std::string program_;
};

Filter docker(uint64_t capabilities = default_capabilities) {
  return Filter(default_profile(capabilities));
}

// linux-libc-dev's list, which every compiler here stands on.
TEST(Seccomp, KnowsEveryCallOfI386ThatTheKernelsHeadersName) {
  auto i386 = find_architecture("x86").value();
  std::ifstream header("/usr/include/x86_64-linux-gnu/asm/unistd_32.h");
  if (!header) GTEST_SKIP() << "needs x86_64's asm/unistd_32.h";
  std::string define, name;
  uint32_t number = 0;
  int known = 0;
  for (std::string line; std::getline(header, line);) {
    std::istringstream fields(line);
    if (!(fields >> define >> name >> number) || !name.starts_with("__NR_")) continue;
    EXPECT_EQ(syscall_number(i386, name.substr(5)), number) << name;
    ++known;
  }
  EXPECT_GT(known, 400);
}

TEST(Seccomp, DefaultAllowsWhatProgramsNeed) {
  Filter filter = docker();
  for (const char* name : {"read",
                           "write",
                           "openat",
                           "execve",
                           "execveat",
                           "mmap",
                           "futex",
                           "clock_gettime",
                           "landlock_create_ruleset",
                           "chroot",
                           "ptrace",
                           "process_vm_readv",
                           "arch_prctl",
                           "seccomp",
                           "capset",
                           "setresuid",
                           "close_range",
                           "memfd_secret",
                           "cachestat",
                           "fchmodat2",
                           "futex_waitv",
                           "statmount",
                           "mseal",
                           "setxattrat",
                           "map_shadow_stack",
                           "vfork",
                           "io_setup",
                           "name_to_handle_at",
                           "fanotify_mark",
                           "adjtimex",
                           "mknod",
                           "uretprobe"})
    EXPECT_EQ(filter(name), "allow") << name;
}

TEST(Seccomp, DefaultRefusesWhatReachesBeyond) {
  Filter filter = docker();
  for (const char* name : {"mount",
                           "umount2",
                           "unshare",
                           "setns",
                           "bpf",
                           "perf_event_open",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "io_uring_setup",
                           "io_uring_enter",
                           "io_uring_register",
                           "userfaultfd",
                           "kexec_load",
                           "kexec_file_load",
                           "pivot_root",
                           "swapon",
                           "swapoff",
                           "move_pages",
                           "migrate_pages",
                           "open_by_handle_at",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "reboot",
                           "settimeofday",
                           "clock_settime",
                           "iopl",
                           "ioperm",
                           "syslog",
                           "acct",
                           "quotactl",
                           "fsopen",
                           "fsmount",
                           "move_mount",
                           "open_tree",
                           "mount_setattr",
                           "kcmp",
                           "pidfd_getfd",
                           "sethostname",
                           "mbind",
                           "set_mempolicy",
                           "vhangup",
                           "sysfs",
                           "ustat",
                           "uselib"})
    EXPECT_EQ(filter(name), "EPERM") << name;
}

TEST(Seccomp, CloneMakesThreadsButNoNamespaces) {
  Filter filter = docker();
  EXPECT_EQ(filter("clone", 0x3d0f00), "allow");
  EXPECT_EQ(filter("clone", 0x11), "allow");
  for (uint64_t flag : {0x20000ULL, 0x2000000ULL, 0x4000000ULL, 0x8000000ULL, 0x10000000ULL,
                        0x20000000ULL, 0x40000000ULL})
    EXPECT_EQ(filter("clone", flag | 0x11), "EPERM") << flag;
  EXPECT_EQ(filter("clone3"), "ENOSYS");
  Filter admin = docker(default_capabilities | sys_admin);
  EXPECT_EQ(admin("clone", 0x10000000), "allow");
  EXPECT_EQ(admin("clone3"), "allow");
  EXPECT_EQ(admin("mount"), "allow");
}

TEST(Seccomp, SocketFamiliesLeaveOutCryptoAndVsock) {
  Filter filter = docker();
  for (uint64_t family : {1, 2, 10, 16, 17, 37, 39, 41, 45})
    EXPECT_EQ(filter("socket", family), "allow") << family;
  EXPECT_EQ(filter("socket", 38), "EPERM");
  EXPECT_EQ(filter("socket", 40), "EPERM");
}

TEST(Seccomp, PersonalityIsOneOfFive) {
  Filter filter = docker();
  for (uint64_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL})
    EXPECT_EQ(filter("personality", persona), "allow") << persona;
  EXPECT_EQ(filter("personality", 0x40000), "EPERM");
  EXPECT_EQ(filter("personality", 0x1'0000'0000), "EPERM");
}

TEST(Seccomp, CapabilitiesOpenTheirGates) {
  auto with = [](const char* name) { return docker(uint64_t{1} << *parse_capability(name)); };
  EXPECT_EQ(with("sys_time")("settimeofday"), "allow");
  EXPECT_EQ(with("sys_module")("init_module"), "allow");
  EXPECT_EQ(with("sys_boot")("reboot"), "allow");
  EXPECT_EQ(with("sys_nice")("mbind"), "allow");
  EXPECT_EQ(with("bpf")("bpf"), "allow");
  EXPECT_EQ(with("bpf")("perf_event_open"), "EPERM");
  EXPECT_EQ(docker(0)("chroot"), "EPERM");
}

TEST(Seccomp, NumbersPastTheProfileAreUnknownToTheKernelToo) {
  Filter filter = docker();
  for (int number : {467, 500, 100000}) EXPECT_EQ(filter.by_number(number), "ENOSYS") << number;
}

#if defined(__x86_64__)
TEST(Seccomp, ThirtyTwoBitCallsGetTheSameVerdicts) {
  Filter filter = docker();
  constexpr int i386_read = 3, i386_mount = 21, i386_socketcall = 102, i386_socket = 359,
                i386_keyctl = 288;
  EXPECT_EQ(filter.by_number(i386_read, 0, 0, AUDIT_ARCH_I386), "allow");
  EXPECT_EQ(filter.by_number(i386_mount, 0, 0, AUDIT_ARCH_I386), "EPERM");
  EXPECT_EQ(filter.by_number(i386_keyctl, 0, 0, AUDIT_ARCH_I386), "EPERM");
  EXPECT_EQ(filter.by_number(i386_socketcall, 0, 0, AUDIT_ARCH_I386), "allow");
  EXPECT_EQ(filter.by_number(i386_socket, 38, 0, AUDIT_ARCH_I386), "EPERM");
  EXPECT_EQ(filter.by_number(i386_socket, 2, 0, AUDIT_ARCH_I386), "allow");
  constexpr int mount = 165;
  EXPECT_EQ(filter.by_number(static_cast<int>(x32_bit | 0)), "allow");
  EXPECT_EQ(filter.by_number(static_cast<int>(x32_bit | mount)), "EPERM");
  EXPECT_EQ(filter.by_number(static_cast<int>(x32_bit | 600)), "ENOSYS");
}
#endif

TEST(Seccomp, ForeignArchitecturesAreKilled) {
  EXPECT_EQ(docker().by_number(0, 0, 0, 0x12345678), "kill");
}

TEST(Seccomp, FilterIsSmall) { EXPECT_LT(docker().size(), 1500U); }

constexpr uint64_t big = 0x1'0000'0005;

bool holds(Compare compare, uint64_t value, uint64_t argument, uint64_t two = 0) {
  Profile profile;
  profile.default_action = SECCOMP_RET_ERRNO | EPERM;
  profile.rules = {{{"write"}, SECCOMP_RET_ALLOW, {{0, value, two, compare}}}};
  return Filter(profile)("write", argument) == "allow";
}

TEST(SeccompConditions, CompareAllSixtyFourBits) {
  for (uint64_t argument : {uint64_t{0}, uint64_t{4}, uint64_t{5}, big - 1, big, big + 1,
                            uint64_t{0x2'0000'0000}, UINT64_MAX}) {
    EXPECT_EQ(holds(Compare::eq, big, argument), argument == big) << argument;
    EXPECT_EQ(holds(Compare::ne, big, argument), argument != big) << argument;
    EXPECT_EQ(holds(Compare::lt, big, argument), argument < big) << argument;
    EXPECT_EQ(holds(Compare::le, big, argument), argument <= big) << argument;
    EXPECT_EQ(holds(Compare::ge, big, argument), argument >= big) << argument;
    EXPECT_EQ(holds(Compare::gt, big, argument), argument > big) << argument;
    EXPECT_EQ(holds(Compare::masked_eq, big, argument, 5), (argument & big) == 5) << argument;
  }
}

TEST(SeccompProfile, ReadsDockersJson) {
  Profile profile = parse_profile(R"({
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
      {"names": ["mkdir", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
      {"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["chown"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}},
      {"names": ["unlink"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "2.6"}},
      {"names": ["write"], "action": "SCMP_ACT_KILL_PROCESS",
       "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"},
                {"index": 1, "value": 8, "op": "SCMP_CMP_EQ"}]},
      {"names": ["read"], "action": "SCMP_ACT_ERRNO",
       "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"},
                {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}
    ]})",
                                  default_capabilities);
  Filter filter(profile);
  EXPECT_EQ(filter("mkdir"), "ENOSYS");
  EXPECT_EQ(filter("chmod"), "allow");
  EXPECT_EQ(filter("chown"), "EPERM");
  EXPECT_EQ(filter("rmdir"), "allow");
  EXPECT_EQ(filter("unlink"), "EPERM");
  EXPECT_EQ(filter("write", 7, 8), "kill");
  EXPECT_EQ(filter("write", 7, 9), "allow");
  EXPECT_EQ(filter("read", 7), "EPERM");
  EXPECT_EQ(filter("read", 8), "EPERM");
  EXPECT_EQ(filter("read", 9), "allow");
  EXPECT_EQ(filter.by_number(100000), "allow");
}

TEST(SeccompProfile, RefusesWhatItDoesNotUnderstand) {
  for (const char* text :
       {"", "[]", "{}", R"({"defaultAction": "SCMP_ACT_MAYBE"})",
        R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "X"}]})",
        R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"],
            "action": "SCMP_ACT_ERRNO", "args": [{"index": 9, "op": "SCMP_CMP_EQ"}]}]})",
        R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"],
            "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "op": "SCMP_CMP_MAYBE"}]}]})"})
    EXPECT_THROW(parse_profile(text, 0), Error) << text;
}

}  // namespace
}  // namespace estiba::runtime::seccomp
