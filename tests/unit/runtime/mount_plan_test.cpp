#include "runtime/rootfs/mount_plan.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "base/error.hpp"

namespace estiba::runtime {
namespace {

// On the heap: g++ 12 takes a variant on the stack, given another alternative, for uninitialised.
std::unique_ptr<ContainerSpec> new_spec() { return std::make_unique<ContainerSpec>(); }

std::string lines_with(const ContainerSpec& spec, const std::string& word,
                       const HostFacts& host = {}) {
  std::string all = to_text(mount_plan(spec, host)), found;
  size_t start = 0;
  while (start < all.size()) {
    size_t end = all.find('\n', start);
    std::string line = all.substr(start, end - start + 1);
    if (line.find(word) != std::string::npos) found += line;
    start = end + 1;
  }
  return found;
}

TEST(MountPlan, OfAPlainContainerIsDockers) {
  EXPECT_EQ(to_text(mount_plan({}, {})),
            "proc /proc nosuid,nodev,noexec\n"
            "tmpfs /dev nosuid mode=755 size=65536k\n"
            "devpts /dev/pts nosuid,noexec newinstance ptmxmode=0666 mode=0620 gid=5\n"
            "sysfs /sys ro,nosuid,nodev,noexec\n"
            "mqueue /dev/mqueue nosuid,nodev,noexec\n"
            "tmpfs /dev/shm nosuid,nodev,noexec mode=1777 size=67108864\n"
            "device /dev/null c 1:3 666\n"
            "device /dev/zero c 1:5 666\n"
            "device /dev/full c 1:7 666\n"
            "device /dev/random c 1:8 666\n"
            "device /dev/urandom c 1:9 666\n"
            "device /dev/tty c 5:0 666\n"
            "link /dev/ptmx -> pts/ptmx\n"
            "link /dev/fd -> /proc/self/fd\n"
            "link /dev/stdin -> /proc/self/fd/0\n"
            "link /dev/stdout -> /proc/self/fd/1\n"
            "link /dev/stderr -> /proc/self/fd/2\n"
            "link /dev/core -> /proc/kcore\n"
            "sysctl net/ipv4/ip_unprivileged_port_start=0 (default)\n"
            "sysctl net/ipv4/ping_group_range=0 2147483647 (default)\n"
            "mask /proc/acpi\n"
            "mask /proc/asound\n"
            "mask /proc/interrupts\n"
            "mask /proc/kcore\n"
            "mask /proc/keys\n"
            "mask /proc/latency_stats\n"
            "mask /proc/sched_debug\n"
            "mask /proc/scsi\n"
            "mask /proc/timer_list\n"
            "mask /proc/timer_stats\n"
            "mask /sys/devices/virtual/powercap\n"
            "mask /sys/firmware\n"
            "read-only /proc/bus\n"
            "read-only /proc/fs\n"
            "read-only /proc/irq\n"
            "read-only /proc/sys\n"
            "read-only /proc/sysrq-trigger\n");
}

TEST(MountPlan, KeepsUserMountsInTheirOrderAndBeforeTheMasks) {
  ContainerSpec spec;
  TmpfsMount tmpfs{"/run"};
  tmpfs.size = 4096;
  tmpfs.mode = 0755;
  spec.mounts = {BindMount{"/data", "/var", true}, tmpfs,
                 BindMount{"/b", "/b", false, false, "rslave"},
                 FileMount{"/run/secrets/key", "12345", 3, 4, 0440}};
  std::string text = to_text(mount_plan(spec, {}));
  size_t first = text.find("rbind /var");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.substr(first, text.find("sysctl") - first),
            "rbind /var <- /data ro\n"
            "tmpfs /run nosuid,nodev,noexec mode=755 size=4096\n"
            "bind /b <- /b slave\n"
            "file /run/secrets/key 440 3:4 5 bytes\n");
}

TEST(MountPlan, MountsImagesAndRefusesPathsThatLeaveThem) {
  ContainerSpec spec;
  spec.mounts = {ImageMount{{"/l2", "/l1"}, "", "/all"}, ImageMount{{"/l1"}, "a/b", "/part"}};
  EXPECT_EQ(lines_with(spec, "image"), "image /all <- 2 layers /\nimage /part <- 1 layers /a/b\n");
  for (const char* subpath : {"../x", "a/../../x", "/a"}) {
    spec.mounts = {ImageMount{{"/l1"}, subpath, "/y"}};
    EXPECT_THROW(mount_plan(spec, {}), Error) << subpath;
  }
}

TEST(MountPlan, PrivilegedHidesNothing) {
  ContainerSpec spec;
  spec.privileged = true;
  EXPECT_EQ(lines_with(spec, "mask"), "");
  EXPECT_EQ(lines_with(spec, "read-only"), "");
  EXPECT_EQ(lines_with(spec, "sysfs"), "sysfs /sys nosuid,nodev,noexec\n");
}

TEST(MountPlan, UnconfinedSystemPathsHideNothing) {
  ContainerSpec spec;
  spec.masked_paths = false;
  EXPECT_EQ(lines_with(spec, "mask"), "");
}

TEST(MountPlan, SharedMemoryFollowsTheIpcNamespace) {
  auto shared = new_spec();
  shared->namespaces.ipc.emplace<HostNamespace>();
  EXPECT_EQ(lines_with(*shared, "shm"), "rbind /dev/shm <- /dev/shm\n");
  shared->namespaces.ipc.emplace<JoinContainer>().id = "abc";
  EXPECT_EQ(lines_with(*shared, "shm"), "/dev/shm of abc\n");
  ContainerSpec spec;
  spec.shm_size = 1000;
  EXPECT_EQ(lines_with(spec, "shm"), "tmpfs /dev/shm nosuid,nodev,noexec mode=1777 size=1000\n");
  spec.mounts = {BindMount{"/mine", "/dev/shm/"}};
  EXPECT_EQ(lines_with(spec, "shm"), "rbind /dev/shm/ <- /mine\n");
}

TEST(MountPlan, RefusesMountsOnRootAndProc) {
  for (const char* target : {"/", "/proc", "//proc/", "/a/../proc", "relative"}) {
    ContainerSpec spec;
    spec.mounts = {BindMount{"/data", target}};
    EXPECT_THROW(mount_plan(spec, {}), Error) << target;
  }
}

TEST(MountPlan, RefusesUnknownPropagation) {
  ContainerSpec spec;
  spec.mounts = {BindMount{"/data", "/x", false, true, "rstrange"}};
  EXPECT_THROW(mount_plan(spec, {}), Error);
}

TEST(MountPlan, MasksWhatTheHostHasInNumbers) {
  HostFacts host;
  host.thermal_throttles = {"/sys/devices/system/cpu/cpu0/thermal_throttle"};
  EXPECT_EQ(lines_with({}, "thermal", host),
            "mask /sys/devices/system/cpu/cpu0/thermal_throttle\n");
}

TEST(Sysctls, OfOwnNamespacesAreTakenInBothSpellings) {
  auto sandboxed = new_spec();
  ContainerSpec& spec = *sandboxed;
  spec.namespaces.network.emplace<JoinPath>().path = "/run/netns/x";
  spec.sysctls = {{"net.ipv4.conf.eth0/100.rp_filter", "1"},
                  {"net/ipv4/ip_unprivileged_port_start", "1024"},
                  {"kernel.shmmax", "9"},
                  {"fs.mqueue.msg_max", "20"}};
  EXPECT_EQ(lines_with(spec, "sysctl"),
            "sysctl net/ipv4/ping_group_range=0 2147483647 (default)\n"
            "sysctl fs/mqueue/msg_max=20\n"
            "sysctl kernel/shmmax=9\n"
            "sysctl net/ipv4/conf/eth0.100/rp_filter=1\n"
            "sysctl net/ipv4/ip_unprivileged_port_start=1024\n");
}

TEST(Sysctls, OfTheHostAreRefused) {
  for (const char* name :
       {"vm.swappiness", "kernel.core_pattern", "fs.file-max", "kernel.sem2",
        "net../../kernel.core_pattern", "net/../vm/swappiness", "net/ipv4/../../vm/swappiness",
        "net/./../vm/swappiness", "net/..", "net//ipv4/ip_forward", "net.ipv4..ip_forward",
        "fs/mqueue/../file-max", "kernel/shmmax/../core_pattern", "kernel.msgmaximum",
        "net.ipv4.ip_forward\n", "", "net/"}) {
    ContainerSpec spec;
    spec.sysctls = {{name, "1"}};
    EXPECT_THROW(mount_plan(spec, {}), Error) << name;
  }
}

TEST(Sysctls, OfASharedNamespaceAreRefusedAndHaveNoDefaults) {
  auto shared = new_spec();
  ContainerSpec& spec = *shared;
  spec.namespaces.network.emplace<HostNamespace>();
  EXPECT_EQ(lines_with(spec, "sysctl"), "");
  spec.sysctls = {{"net.core.somaxconn", "1"}};
  EXPECT_THROW(mount_plan(spec, {}), Error);
}

}  // namespace
}  // namespace estiba::runtime
