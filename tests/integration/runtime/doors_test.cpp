// The ways by which something enters a container, each tried from within: what is there when a
// program, a working directory or a stream of the container's choosing is looked up, and what a
// neighbour sees of who comes in.
#include <sys/mount.h>

#include "tests/integration/runtime/host.hpp"
#include "tests/integration/runtime/watcher.hpp"

namespace estiba::runtime {
namespace {

constexpr int most_descriptors = 40;

class Doors : public testing::ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    marker_ = cat(host().root(), "/marker");
    fs::make_dirs(marker_, 0755);
    ASSERT_EQ(::mount("marker", marker_.c_str(), "tmpfs", 0, ""), 0);
    program_ = cat(host().root(), "/host-program");
    fs::write_atomic(program_, "#!/bin/sh\necho escaped\n", 0755, fs::Durability::relaxed);
  }
  void TearDown() override {
    if (!marker_.empty()) ::umount2(marker_.c_str(), MNT_DETACH);
  }

  /// What a descriptor of a directory of the host would make of a path of the host.
  static std::string through(int fd, const std::string& path) {
    return cat("/proc/self/fd/", std::to_string(fd), "/../../../../../../../..", path);
  }
  /// A container with a link /go/N to the host's program for each descriptor.
  ContainerSpec with_links(std::vector<std::string> args) {
    auto spec = host().spec(std::move(args));
    fs::make_dirs(cat(spec.root.upper, "/go"), 0755);
    for (int fd = 0; fd < most_descriptors; ++fd)
      sys::symlink(through(fd, program_), cat(spec.root.upper, "/go/", std::to_string(fd)));
    return spec;
  }
  void end(const std::string& id) {
    host().containers().kill_all(id);
    host().wait_exit(id);
    host().containers().remove(id);
  }
  /// What it printed, or the Error that kept it from starting.
  template <typename Run>
  std::string result(Run run) {
    try {
      testing::Finished done = run();
      return done.out + done.err;
    } catch (const Error& error) {
      return error.message();
    }
  }

  std::string marker_, program_;
};

TEST_F(Doors, AProgramIsNotLookedUpThroughADescriptorOfTheHost) {
  for (int fd = 0; fd < most_descriptors; ++fd)
    EXPECT_EQ(result([&] {
                return host().run(with_links({cat("/go/", std::to_string(fd))}));
              }).find("escaped"),
              std::string::npos)
        << fd;
}

TEST_F(Doors, AnExecutedProgramIsNotLookedUpThroughADescriptorOfTheHost) {
  auto spec = with_links({"sleep", "1000"});
  host().start(spec);
  for (int fd = 0; fd < most_descriptors; ++fd) {
    Process process;
    process.args = {cat("/go/", std::to_string(fd))};
    process.capabilities = default_capabilities;
    EXPECT_THROW(host().exec(spec.id, process), Error) << fd;
  }
  end(spec.id);
}

TEST_F(Doors, AWorkingDirectoryIsNotMadeOnTheHost) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  for (int fd = 0; fd < most_descriptors; ++fd) {
    std::string made = cat(host().root(), "/made-", std::to_string(fd));
    auto other = host().spec({"true"});
    other.process.cwd = through(fd, made);
    result([&] { return host().run(other); });
    EXPECT_FALSE(fs::exists(made)) << "by a start, " << fd;
    Process process;
    process.args = {"true"};
    process.cwd = through(fd, made);
    result([&] { return host().exec(spec.id, process); });
    EXPECT_FALSE(fs::exists(made)) << "by an exec, " << fd;
  }
  end(spec.id);
}

TEST_F(Doors, ALinkInAWorkingDirectoryLeadsToNoDescriptor) {
  auto spec = host().spec({"pwd"});
  sys::symlink("/proc/self/fd", cat(spec.root.upper, "/fds"));
  spec.process.cwd = "/fds/5/made";
  EXPECT_THROW(host().run(spec), Error);
}

TEST_F(Doors, StandardInputIsTheHostsNullDevice) {
  std::string dev = cat(host().root(), "/hostile-dev");
  for (const char* target : {"/etc/passwd", "/proc/self/fd/4/..", "/proc/1/root", "missing"}) {
    fs::remove_tree(dev);
    fs::make_dirs(dev, 0755);
    sys::symlink(target, cat(dev, "/null"));
    auto spec = host().shell("stat -L -c '%F %t:%T' /proc/self/fd/0");
    spec.mounts = {BindMount{dev, "/dev"}};
    EXPECT_EQ(host().run(spec).out, "character special file 1:3\n") << target;
  }
}

TEST_F(Doors, AProcessHasNothingOpenButItsStreams) {
  const std::string list = "for f in /proc/self/fd/*; do echo ${f##*/} $(readlink $f); done";
  auto foreign = [](const std::string& lines) {
    std::string found;
    for (const auto& line : text::split(lines, '\n')) {
      bool own = line.empty() || line.find(" pipe:[") != std::string::npos ||
                 line.ends_with("/null") || line.find(' ') == std::string::npos;
      if (!own) found += line + "\n";
    }
    return found;
  };
  EXPECT_EQ(foreign(host().output(list)), "");
  auto spec = host().shell("sleep 1000");
  host().start(spec);
  EXPECT_EQ(foreign(host().exec(spec.id, list).out), "");
  auto joined = host().shell(list);
  joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
  EXPECT_EQ(foreign(host().run(joined).out), "");
  end(spec.id);
}

// Without this the watcher of the next tests could be blind.
TEST_F(Doors, AWatcherSeesWhoEntersAPidNamespaceWithTheHostsRoot) {
  auto spec = host().spec({"sleep", "1000"});
  auto started = host().start(spec);
  testing::Watcher watcher(started.pidfd, marker_);
  pid_t visitor = ::fork();
  if (visitor == 0) {
    if (::setns(started.pidfd.get(), CLONE_NEWPID) != 0) ::_exit(1);
    pid_t seen = ::fork();
    if (seen == 0) {
      ::usleep(200'000);
      ::_exit(0);
    }
    ::waitpid(seen, nullptr, 0);
    ::_exit(0);
  }
  ::waitpid(visitor, nullptr, 0);
  std::string seen = watcher.seen();
  EXPECT_NE(seen.find('r'), std::string::npos);
  EXPECT_NE(seen.find('m'), std::string::npos);
  end(spec.id);
}

TEST_F(Doors, NobodyInsideSeesTheHostInAnExec) {
  auto spec = host().spec({"sleep", "1000"});
  auto started = host().start(spec);
  testing::Watcher watcher(started.pidfd, marker_);
  for (int i = 0; i < 200; ++i) host().exec(spec.id, "true");
  EXPECT_EQ(watcher.seen(), "");
  end(spec.id);
}

TEST_F(Doors, NobodyInsideSeesTheHostInAContainerThatJoinsThePidNamespace) {
  auto spec = host().spec({"sleep", "1000"});
  auto started = host().start(spec);
  testing::Watcher watcher(started.pidfd, marker_);
  for (int i = 0; i < 60; ++i) {
    auto joined = host().spec({"true"});
    joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
    joined.init = i % 2 == 0;
    EXPECT_EQ(host().run(joined).exit.exit_code, 0);
  }
  EXPECT_EQ(watcher.seen(), "");
  end(spec.id);
}

TEST_F(Doors, AJoinedPidNamespaceIsSeenInAProcOfItsOwn) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  auto joined = host().shell(
      "tr '\\0' ' ' </proc/1/cmdline; test -e /proc/sys/kernel/hostname && "
      "(echo x >/proc/sys/kernel/hostname) 2>&1 | sed 's/.*: //'");
  joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
  joined.sysctls = {{"net.core.somaxconn", "99"}};
  EXPECT_EQ(host().run(joined).out, "sleep 1000 Read-only file system\n");
  end(spec.id);
}

TEST_F(Doors, AJoinedPidNamespaceCanHaveATerminal) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  auto joined = host().shell("tty; ps -o pid,comm | grep -c sleep; kill -INT $$; sleep 1");
  joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
  joined.process.terminal = true;
  auto run = host().start(joined);
  EXPECT_EQ(testing::read_to_end(run.streams.terminal), "/dev/pts/0\r\n1\r\n");
  EXPECT_EQ(host().wait_exit(joined.id).exit_code, 130);
  host().containers().remove(joined.id);
  end(spec.id);
}

TEST_F(Doors, AJoinedContainerThatCannotStartSaysWhyAndLeavesNothing) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  auto joined = host().spec({"/bin/nothing"});
  joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
  for (int i = 0; i < 20; ++i) {
    try {
      host().start(joined);
      FAIL() << "it started";
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 127);
      EXPECT_EQ(error.message(),
                "exec: \"/bin/nothing\": stat /bin/nothing: no such file or directory");
    }
  }
  end(spec.id);
  try {
    host().start(joined);
    FAIL() << "it joined what has ended";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("it is not running"), std::string::npos) << error.message();
  }
}

TEST_F(Doors, ASubpathThatIsSwappedForALinkMountsNothingOfTheHost) {
  std::string volume = cat(host().root(), "/shared-volume");
  fs::make_dirs(cat(volume, "/inside"), 0755);
  fs::write_atomic(cat(volume, "/inside/file"), "inside\n", 0644, fs::Durability::relaxed);
  sys::symlink(marker_, cat(volume, "/link"));
  fs::write_atomic(cat(marker_, "/file"), "outside\n", 0644, fs::Durability::relaxed);
  auto spec = host().shell("cat /data/file");
  BindMount mount{volume, "/data"};
  for (const char* bad :
       {"link", "/etc", "../marker", "inside/../../marker", "link/.", "missing"}) {
    mount.subpath = bad;
    spec.mounts = {mount};
    EXPECT_THROW(host().start(spec), Error) << bad;
  }
  std::string here = cat(volume, "/inside"), there = cat(volume, "/link");
  pid_t swapper = ::fork();
  if (swapper == 0)
    while (true) ::renameat2(AT_FDCWD, here.c_str(), AT_FDCWD, there.c_str(), RENAME_EXCHANGE);
  mount.subpath = "inside";
  int mounted = 0;
  for (int i = 0; i < 100; ++i) {
    auto racing = host().shell("cat /data/file");
    racing.mounts = {mount};
    std::string out = result([&] { return host().run(racing); });
    EXPECT_EQ(out.find("outside"), std::string::npos);
    if (out == "inside\n") ++mounted;
  }
  ::kill(swapper, SIGKILL);
  ::waitpid(swapper, nullptr, 0);
  EXPECT_GT(mounted, 0);
}

}  // namespace
}  // namespace estiba::runtime
