#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class Options : public testing::ContainerTest {};

TEST_F(Options, TerminalIsAPtyOfTheContainer) {
  auto spec = host().shell("tty; ls -l /dev/console | cut -c1; test -t 2 && echo yes; echo $TERM");
  spec.process.terminal = true;
  auto started = host().start(spec);
  ASSERT_TRUE(started.streams.terminal);
  EXPECT_FALSE(started.streams.stdout_reader);
  std::string text = testing::read_to_end(started.streams.terminal);
  EXPECT_NE(text.find("/dev/pts/0\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("yes\r\nxterm\r\n"), std::string::npos) << text;
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 0);
  host().containers().remove(spec.id);
}

TEST_F(Options, TerminalTakesItsSizeFromTheMaster) {
  auto spec = host().shell("read line; stty size");
  spec.process.terminal = true;
  auto started = host().start(spec);
  winsize size{24, 101, 0, 0};
  ASSERT_EQ(::ioctl(started.streams.terminal.get(), TIOCSWINSZ, &size), 0);
  sys::write_all(started.streams.terminal, "go\n", "pty");
  EXPECT_NE(testing::read_to_end(started.streams.terminal).find("24 101"), std::string::npos);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Options, InitReapsForwardsAndExitsAsTheCommand) {
  auto spec =
      host().shell("trap 'exit 5' TERM; (sleep 0.01 &) ; echo up; while :; do sleep 0.01; done");
  spec.init = true;
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  auto names = host().exec(spec.id, "cat /proc/1/comm; ls -l /proc/1/fd | grep -c socket");
  EXPECT_EQ(names.out, "estiba-init\n0\n");
  testing::wait_for("the orphan to be reaped", [&] {
    return host().exec(spec.id, "grep -l '(sleep) Z' /proc/*/stat").out.empty();
  });
  EXPECT_TRUE(host().containers().signal(spec.id, SIGTERM));
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 5);
  host().containers().remove(spec.id);
}

TEST_F(Options, InitNamesACommandThatIsNotThere) {
  auto spec = host().spec({"nothing-here"});
  spec.init = true;
  try {
    host().start(spec);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 127);
    EXPECT_EQ(error.message(), "exec: \"nothing-here\": executable file not found in $PATH");
  }
}

TEST_F(Options, BindMountsDirectoriesAndFilesAndMakesTheirTargets) {
  std::string dir = cat(host().root(), "/data");
  fs::make_dirs(dir, 0755);
  fs::write_atomic(cat(dir, "/file"), "content\n");
  auto spec = host().shell(
      "cat /a/b/file /etc/c/file; echo more >/a/b/new; "
      "echo no >/ro/x || echo refused");
  spec.mounts = {BindMount{dir, "/a/b"}, BindMount{cat(dir, "/file"), "/etc/c/file"},
                 BindMount{dir, "/ro", true}};
  auto done = host().run(spec);
  EXPECT_EQ(done.out, "content\ncontent\nrefused\n") << done.err;
  EXPECT_EQ(fs::read_all(cat(dir, "/new")), "more\n");
}

TEST_F(Options, NamesABindSourceThatDoesNotExist) {
  auto spec = host().spec({"true"});
  spec.mounts = {BindMount{"/no/such/source", "/x"}};
  try {
    host().start(spec);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "mounting /no/such/source at /x: openat2 /no/such/source: No such file or "
              "directory");
  }
}

TEST_F(Options, TmpfsAndFileMountsHaveTheirModesAndOwners) {
  auto spec = host().shell(
      "stat -c '%a %u:%g' /cache /run/secret; cat /run/secret; "
      "grep ' /cache ' /proc/self/mounts | sed 's/,inode64//'");
  TmpfsMount tmpfs{"/cache"};
  tmpfs.mode = 0700;
  tmpfs.size = 65536;
  tmpfs.uid = 1000;
  spec.mounts = {tmpfs, FileMount{"/run/secret", "hush", 1000, 50, 0440}};
  auto done = host().run(spec);
  EXPECT_EQ(done.out,
            "700 1000:0\n440 1000:50\nhushtmpfs /cache tmpfs "
            "rw,nosuid,nodev,noexec,relatime,size=64k,mode=700,uid=1000 0 0\n")
      << done.err;
}

TEST_F(Options, ReadonlyRootRefusesWritesButTmpfsTakesThem) {
  auto spec = host().shell("echo x >/file || echo refused; echo y >/tmp/file && echo taken");
  spec.root.readonly = true;
  spec.mounts = {TmpfsMount{"/tmp"}};
  EXPECT_EQ(host().run(spec).out, "refused\ntaken\n");
}

TEST_F(Options, MemoryLimitKillsAndTells) {
  auto spec = host().shell("head -c 200m /dev/zero | tail >/dev/null; exec tail /dev/zero");
  spec.resources.memory = 16 << 20;
  auto done = host().run(spec);
  EXPECT_EQ(done.exit.exit_code, 137);
  EXPECT_TRUE(done.exit.oom_killed);
}

TEST_F(Options, StatsTellOfTheLimitsAndUse) {
  auto spec = host().shell("echo up; sleep 100");
  spec.resources.memory = 64 << 20;
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  Stats stats = host().containers().stats(spec.id);
  EXPECT_EQ(stats.memory_limit, 64U << 20);
  EXPECT_GT(stats.memory_bytes, 0U);
  EXPECT_GT(stats.cpu_nanoseconds, 0U);
  EXPECT_GE(stats.pids, 1U);
  host().containers().kill_all(spec.id);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Options, PidsLimitStopsAForkBomb) {
  auto spec = host().shell("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 100 & done; echo done");
  spec.resources.pids = 5;
  auto done = host().run(spec);
  EXPECT_NE(done.err.find("can't fork"), std::string::npos) << done.err;
}

TEST_F(Options, KillAllEndsProcessesOfASharedPidNamespace) {
  auto spec = host().shell("sleep 1000 & sleep 1000 & echo up; wait");
  spec.namespaces.pid = HostNamespace{};
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  host().containers().kill_all(spec.id);
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 137);
  testing::read_to_end(started.streams.stdout_reader);
  host().containers().remove(spec.id);
}

TEST_F(Options, JoinsNamespacesOfAnotherContainer) {
  auto first = host().shell("echo shared >/dev/shm/note; echo up; exec sleep 100");
  auto started = host().start(first);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  std::string namespaces = "for n in net ipc pid; do readlink /proc/self/ns/$n; done; ";
  auto second = host().shell(cat(namespaces, "cat /dev/shm/note; hostname; cat /proc/1/comm"));
  second.namespaces.network = JoinContainer{first.id};
  second.namespaces.ipc = JoinContainer{first.id};
  second.namespaces.pid = JoinContainer{first.id};
  std::string expected = host().exec(first.id, namespaces).out;
  auto done = host().run(second);
  EXPECT_EQ(done.out, cat(expected, "shared\nbox\nsleep\n")) << done.err;
  host().containers().kill_all(first.id);
  host().wait_exit(first.id);
  host().containers().remove(first.id);
}

TEST_F(Options, JoiningWhatDoesNotRunIsAnError) {
  auto spec = host().spec({"true"});
  spec.namespaces.network = JoinContainer{std::string(64, 'b')};
  EXPECT_THROW(host().start(spec), Error);
}

TEST_F(Options, PauseStopsAndResumeGoesOn) {
  auto spec = host().shell("while :; do echo tick; sleep 0.01; done");
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  host().containers().pause(spec.id);
  std::string stat_file = cat("/proc/", std::to_string(started.pid), "/stat");
  ::usleep(20000);
  int flags = ::fcntl(started.streams.stdout_reader.get(), F_GETFL);
  ::fcntl(started.streams.stdout_reader.get(), F_SETFL, flags | O_NONBLOCK);
  testing::read_to_end(started.streams.stdout_reader);
  ::usleep(50000);
  EXPECT_LT(::read(started.streams.stdout_reader.get(), &byte, 1), 0);
  ::fcntl(started.streams.stdout_reader.get(), F_SETFL, flags);
  host().containers().resume(spec.id);
  EXPECT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  host().containers().kill_all(spec.id);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Options, SysctlsOfItsOwnNamespacesAreSet) {
  auto spec = host().shell(
      "cat /proc/sys/net/ipv4/ip_unprivileged_port_start "
      "/proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni");
  spec.sysctls = {{"net.core.somaxconn", "777"}, {"kernel.shmmni", "99"}};
  EXPECT_EQ(host().run(spec).out, "0\n777\n99\n");
}

TEST_F(Options, DevicesOfTheHostCanBeUsedAsGiven) {
  if (!fs::exists("/dev/fuse")) GTEST_SKIP() << "needs /dev/fuse";
  auto spec = host().shell("(: </dev/given) && echo read; (: >/dev/given) || echo refused");
  spec.devices = {DeviceNode{"/dev/fuse", "/dev/given", "r"}};
  auto done = host().run(spec);
  EXPECT_EQ(done.out, "read\nrefused\n") << done.err;
}

TEST_F(Options, PrivilegedSeesTheHostsDevicesAndMayMount) {
  auto spec = host().shell(
      "mkdir /m; mount -t tmpfs none /m && echo mounted; "
      "ls /dev/kmsg; grep -c . /proc/self/status >/dev/null; "
      "echo 1 >/proc/sys/net/ipv4/ip_forward && echo written");
  spec.privileged = true;
  spec.process.capabilities = all_capabilities();
  auto done = host().run(spec);
  EXPECT_EQ(done.out, "mounted\n/dev/kmsg\nwritten\n") << done.err;
}

TEST_F(Options, HundredLayersAreStacked) {
  auto spec = host().shell("cat /layer/99; ls /layer | wc -l");
  std::vector<std::string> layers;
  for (int i = 0; i < 100; ++i) {
    std::string dir = cat(host().root(), "/layers/with-a-long-name-", std::string(150, 'x'), "/",
                          std::to_string(i));
    fs::make_dirs(cat(dir, "/layer"), 0755);
    fs::write_atomic(cat(dir, "/layer/", std::to_string(i)), cat("from ", std::to_string(i), "\n"),
                     0644, fs::Durability::relaxed);
    layers.push_back(dir);
  }
  layers.push_back(host().image());
  spec.root.lower = layers;
  EXPECT_EQ(host().run(spec).out, "from 99\n100\n");
}

}  // namespace
}  // namespace estiba::runtime
