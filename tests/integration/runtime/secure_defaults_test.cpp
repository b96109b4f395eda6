// The table of secure defaults, each row probed in a container's main process and in an exec.
#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class SecureDefaults : public testing::ContainerTest {
 protected:
  /// What the script prints as main process and as exec of a container like it.
  struct Both {
    std::string start, exec;
  };
  Both probe(const std::string& script, const std::function<void(Process&)>& change = {}) {
    ContainerSpec spec = host().shell(script);
    ContainerSpec idle = host().shell("echo up; sleep 100");
    Process process = spec.process;
    if (change) {
      change(spec.process);
      change(process);
    }
    auto done = host().run(spec);
    auto started = host().start(idle);
    char byte = 0;
    EXPECT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
    auto inside = host().exec(idle.id, process);
    host().containers().kill_all(idle.id);
    host().wait_exit(idle.id);
    host().containers().remove(idle.id);
    return {done.out + done.err, inside.out + inside.err};
  }
  void expect_both(const std::string& script, const std::string& expected,
                   const std::function<void(Process&)>& change = {}) {
    Both both = probe(script, change);
    EXPECT_EQ(both.start, expected) << "as main process";
    EXPECT_EQ(both.exec, expected) << "as exec";
  }
};

TEST_F(SecureDefaults, CapabilitiesAreDockersFourteen) {
  expect_both("grep Cap /proc/self/status",
              "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n"
              "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
}

TEST_F(SecureDefaults, OtherUsersHaveOnlyTheBoundingSet) {
  expect_both("grep Cap /proc/self/status",
              "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
              "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n",
              [](Process& process) { process.user = "1000"; });
}

TEST_F(SecureDefaults, NoCapabilitiesAtAllIsPossible) {
  expect_both("grep -E 'Cap(Prm|Bnd)' /proc/self/status",
              "CapPrm:\t0000000000000000\nCapBnd:\t0000000000000000\n",
              [](Process& process) { process.capabilities = 0; });
}

TEST_F(SecureDefaults, OneSeccompFilterIsLoaded) {
  expect_both("grep -E 'Seccomp|NoNewPrivs' /proc/self/status",
              "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n");
}

TEST_F(SecureDefaults, NoNewPrivilegesIsSetWhenAsked) {
  expect_both("grep -E 'Seccomp:|NoNewPrivs' /proc/self/status", "NoNewPrivs:\t1\nSeccomp:\t2\n",
              [](Process& process) { process.no_new_privileges = true; });
}

TEST_F(SecureDefaults, SignalsAndUmaskAreAFreshProcesss) {
  expect_both("grep -E 'Sig(Blk|Ign)' /proc/self/status; umask",
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0022\n");
}

TEST_F(SecureDefaults, OnlyTheStandardStreamsAreOpen) {
  expect_both("for f in /proc/self/fd/*; do test -e $f && echo ${f##*/}; done; true", "0\n1\n2\n");
}

TEST_F(SecureDefaults, LimitsAreSaidOutright) {
  Both both = probe("ulimit -Sn; ulimit -Sc; cat /proc/self/oom_score_adj");
  EXPECT_EQ(both.start, "1024\n0\n0\n");
  EXPECT_EQ(both.exec, "1024\n0\n0\n");
}

TEST_F(SecureDefaults, MasksHideAndReadOnlyPathsRefuse) {
  // Kernels differ in which of these there are at all.
  expect_both(
      "for f in interrupts kcore keys timer_list; do test ! -e /proc/$f || "
      "test $(stat -c '%t:%T' /proc/$f) = 1:3 || echo $f is not masked; done; "
      "ls /sys/firmware | wc -l; for f in sys/kernel/core_pattern sysrq-trigger; do "
      "test ! -e /proc/$f || (echo x >/proc/$f) 2>&1 | grep -q 'Read-only file system' || "
      "echo $f can be written; done; "
      "touch /sys/firmware/x 2>&1 | grep -o 'Read-only file system'",
      "0\nRead-only file system\n");
}

TEST_F(SecureDefaults, MountsAreDockers) {
  // Some kernels are configured to say inode64 of every tmpfs.
  Both both =
      probe("cut -d' ' -f2-4 /proc/self/mounts | grep -v '^/ overlay' | sed 's/,inode64//'");
  for (const char* line :
       {"/proc proc rw,nosuid,nodev,noexec,relatime", "/dev tmpfs rw,nosuid,size=65536k,mode=755",
        "/dev/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666",
        "/sys sysfs ro,nosuid,nodev,noexec,relatime",
        "/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime",
        "/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k",
        "/proc/sys proc ro,nosuid,nodev,noexec,relatime",
        "/proc/bus proc ro,nosuid,nodev,noexec,relatime"})
    EXPECT_NE(both.start.find(cat(line, "\n")), std::string::npos) << line << "\n" << both.start;
  EXPECT_EQ(both.start, both.exec);
}

TEST_F(SecureDefaults, DevicesCanBeMadeButNotOpened) {
  expect_both(
      "mknod /tmp/disk b 8 0 && echo made; (: </tmp/disk) 2>&1 | grep -o 'Operation not "
      "permitted'; (: </dev/null) && (: </dev/zero) && (: </dev/urandom) && echo open",
      "made\nOperation not permitted\nopen\n");
}

TEST_F(SecureDefaults, TheHostsConsoleCannotBeOpened) {
  expect_both(
      "mknod /tmp/console c 5 1; (: </tmp/console) 2>&1 | grep -o 'Operation not permitted'",
      "Operation not permitted\n");
}

TEST_F(SecureDefaults, DevHoldsTheStandardNodes) {
  expect_both(
      "cd /dev; ls -1 | tr '\\n' ' '; stat -c '%A %t:%T' null tty; readlink fd; "
      "readlink ptmx",
      "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
      "crw-rw-rw- 1:3\ncrw-rw-rw- 5:0\n/proc/self/fd\npts/ptmx\n");
}

TEST_F(SecureDefaults, MountAndUnshareAreRefused) {
  expect_both(
      "mount -t tmpfs none /tmp 2>&1 | grep -o 'perm.*'; unshare -m true 2>&1 | grep -o "
      "'Operation.*'; unshare -U true 2>&1 | grep -o 'Operation.*'",
      "permission denied (are you root?)\nOperation not permitted\n"
      "Operation not permitted\n");
}

TEST_F(SecureDefaults, CgroupsAreSeenFromTheirRootAndReadOnly) {
  Both both = probe(
      "cut -d: -f3 /proc/self/cgroup | sort -u; "
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; "
      "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs; do "
      "(echo 0 >$f) 2>&1 | grep -o 'Read-only file system'; done");
  EXPECT_NE(both.start.find("Read-only file system"), std::string::npos) << both.start;
  EXPECT_EQ(both.start, both.exec);
}

TEST_F(SecureDefaults, NoProgramRunsAndNoDeviceOpensFromACgroupsMount) {
  expect_both(
      "grep cgroup /proc/self/mounts | grep -v 'ro,nosuid,nodev,noexec'; "
      "grep -c cgroup /proc/self/mounts | grep -v '^0'  >/dev/null && echo mounted",
      "mounted\n");
}

TEST_F(SecureDefaults, OrdinaryUsersMayBindLowPortsAndPing) {
  expect_both(
      "cat /proc/sys/net/ipv4/ip_unprivileged_port_start | tr '\\t' ' '; "
      "cat /proc/sys/net/ipv4/ping_group_range | tr '\\t' ' '",
      "0\n0 2147483647\n", [](Process& process) { process.user = "1000"; });
}

TEST_F(SecureDefaults, EnvironmentHoldsNothingOfOurs) {
  ::setenv("ESTIBA_SECRET_OF_THE_TEST", "1", 1);
  Both both = probe("env | sort | grep -vE '^(PWD|SHLVL|_|HOSTNAME)='");
  std::string expected =
      "HOME=/root\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
  EXPECT_EQ(both.start, expected);
  EXPECT_EQ(both.exec, expected);
}

TEST_F(SecureDefaults, SupplementaryGroupsAreTheContainersOwn) {
  expect_both("id -G", "1001 10 50 4242\n", [](Process& process) {
    process.user = "ann";
    process.additional_groups = {"wheel", "4242"};
  });
}

}  // namespace
}  // namespace estiba::runtime
