#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class Keeper : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (!fs::exists(testing::busybox)) GTEST_SKIP() << "needs Debian's busybox-static";
    host_ = std::make_unique<testing::Host>();
  }
  testing::Host& host() { return *host_; }
  void reconnect() {
    host().disconnect();
    host().connect();
  }
  std::unique_ptr<testing::Host> host_;
};

std::string read_line(FdRef fd) {
  std::string line;
  char c = 0;
  while (::read(fd.get(), &c, 1) == 1 && c != '\n') line += c;
  return line;
}

TEST_F(Keeper, StartsTheServerAndStartsItAgainWhenItDies) {
  host().disconnect();
  host().kill_server();
  host().wait_for_server();
}

TEST_F(Keeper, HandsOutWhatItHoldsToANewServer) {
  auto spec = host().shell("read line; echo got $line; sleep 100");
  spec.process.stdin_open = true;
  pid_t pid = host().start(spec).pid;
  reconnect();
  auto adopted = host().containers().take_over();
  ASSERT_EQ(adopted.size(), 1U);
  EXPECT_EQ(adopted[0].id, spec.id);
  EXPECT_EQ(adopted[0].pid, pid);
  sys::write_all(adopted[0].streams.stdin_writer, "this\n", "stdin");
  EXPECT_EQ(read_line(adopted[0].streams.stdout_reader), "got this");
  EXPECT_TRUE(host().containers().signal(spec.id, SIGKILL));
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 137);
}

TEST_F(Keeper, KillingWhatHasEndedIsFine) {
  host().containers().kill_all(std::string(64, 'c'));
  host().containers().remove(std::string(64, 'c'));
}

TEST_F(Keeper, KeepsExitsAndLastLinesForAServerThatWasAway) {
  auto spec = host().shell("echo last words; exit 9");
  host().start(spec);
  host().wait_exit(spec.id);
  reconnect();
  auto exits = host().containers().unread_exits();
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].id, spec.id);
  EXPECT_EQ(exits[0].exit_code, 9);
  auto adopted = host().containers().take_over();
  ASSERT_EQ(adopted.size(), 1U);
  EXPECT_EQ(adopted[0].pid, 0);
  EXPECT_EQ(read_line(adopted[0].streams.stdout_reader), "last words");
  host().containers().forget_exit(spec.id);
  EXPECT_TRUE(host().containers().unread_exits().empty());
  reconnect();
  EXPECT_TRUE(host().containers().take_over().empty());
}

TEST_F(Keeper, StoresDescriptorsByName) {
  auto [reader, writer] = sys::pipe2();
  host().containers().store_fd("listener", writer);
  host().containers().store_fd("other", writer);
  host().containers().drop_fd("other");
  writer.reset();
  reconnect();
  auto stored = host().containers().stored_fds();
  ASSERT_EQ(stored.size(), 1U);
  sys::write_all(stored.at("listener"), "x\n", "pipe");
  EXPECT_EQ(read_line(reader), "x");
}

TEST_F(Keeper, DyingHarmsNoContainerAndASuccessorAdopts) {
  auto spec = host().shell("trap 'exit 7' TERM; while :; do echo tick; sleep 0.02; done");
  auto started = host().start(spec);
  auto [reader, writer] = sys::pipe2();
  host().containers().store_fd("listener", writer);
  pid_t keeper = host().process_named("estiba-keeper");
  ASSERT_GT(keeper, 0);
  ::kill(keeper, SIGKILL);
  testing::wait_for("another keeper", [&] {
    pid_t now = host().process_named("estiba-keeper");
    return now != 0 && now != keeper;
  });
  // The same server connects by itself, and starts on.
  auto other = host().spec({"true"});
  testing::wait_for("the reconnection", [&] {
    host().dispatch();
    try {
      host().start(other);
      return true;
    } catch (const Error&) {
      return false;
    }
  });
  EXPECT_EQ(host().wait_exit(other.id).exit_code, 0);
  EXPECT_EQ(read_line(started.streams.stdout_reader), "tick");
  // And a new server finds everything.
  reconnect();
  auto adopted = host().containers().take_over();
  std::erase_if(adopted, [&](const auto& one) { return one.id != spec.id; });
  ASSERT_EQ(adopted.size(), 1U);
  EXPECT_EQ(adopted[0].pid, started.pid);
  EXPECT_EQ(read_line(adopted[0].streams.stdout_reader), "tick");
  EXPECT_EQ(host().containers().stored_fds().size(), 1U);
  EXPECT_TRUE(host().containers().signal(spec.id, SIGTERM));
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 7);
}

TEST_F(Keeper, TellsOfAnExitThatHappenedWhileNoneRan) {
  auto spec = host().shell("read line; exit 6");
  spec.process.stdin_open = true;
  auto started = host().start(spec);
  pid_t keeper = host().process_named("estiba-keeper");
  ::kill(keeper, SIGSTOP);
  sys::write_all(started.streams.stdin_writer, "go\n", "stdin");
  testing::wait_for("its end", [&] {
    std::string stat = fs::read_all(cat("/proc/", std::to_string(started.pid), "/stat"));
    return stat.find(") Z ") != std::string::npos;
  });
  ::kill(keeper, SIGKILL);
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 6);
}

TEST_F(Keeper, NeverKillsAWriterWithSigpipe) {
  auto spec = host().shell("while :; do echo 0123456789; done");
  auto started = host().start(spec);
  started.streams = {};
  host().disconnect();
  ::kill(host().process_named("estiba-keeper"), SIGKILL);
  host().connect();
  auto adopted = host().containers().take_over();
  ASSERT_EQ(adopted.size(), 1U);
  EXPECT_EQ(adopted[0].pid, started.pid);
  EXPECT_EQ(read_line(adopted[0].streams.stdout_reader), "0123456789");
}

TEST_F(Keeper, YieldsToARunningAnchor) {
  pid_t anchor = host().process_named("estiba-anchor");
  start_anchor(host().server(), host().config());
  testing::wait_for("the second anchor's end",
                    [&] { return host().process_named("estiba-anchor") == anchor; });
  auto done = host().run(host().shell("echo fine"));
  EXPECT_EQ(done.out, "fine\n");
}

TEST_F(Keeper, LeavesNothingBehindAfterShutDown) {
  host().run(host().shell("true"));
  host().wait_for_server();
  host().containers().shut_down();
  testing::wait_for("the socket's end",
                    [&] { return !fs::exists(cat(host().config().run_dir, "/keeper.sock")); });
  host().disconnect();
  host().kill_server();
  testing::wait_for("the run directory's end",
                    [&] { return !fs::exists(host().config().run_dir); });
  start_anchor(host().server(), host().config());
  host().connect();
}

TEST_F(Keeper, TakesNoSecondServer) {
  EXPECT_THROW(Containers(host().config()), Error);
  EXPECT_EQ(host().run(host().shell("echo fine")).out, "fine\n");
}

TEST_F(Keeper, StartsNoServerBesideALivingOneThatIsNotItsChild) {
  host().wait_for_server();
  std::string before = fs::read_all(host().server_pid_file());
  pid_t keeper = host().process_named("estiba-keeper");
  ::kill(keeper, SIGKILL);
  testing::wait_for("another keeper", [&] {
    host().dispatch();
    pid_t now = host().process_named("estiba-keeper");
    return now != 0 && now != keeper;
  });
  testing::wait_for("the reconnection", [&] {
    host().dispatch();
    try {
      return host().run(host().shell("echo fine")).out == "fine\n";
    } catch (const Error&) {
      return false;
    }
  });
  EXPECT_EQ(fs::read_all(host().server_pid_file()), before);
}

TEST_F(Keeper, LetsNobodyElseConnect) {
  struct stat status {};
  ASSERT_EQ(::stat(cat(host().config().run_dir, "/keeper.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(host().config().run_dir.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(KeeperOfACarefulShell, AnInitRunsAsAnyUserWhateverTheUmask) {
  if (::geteuid() != 0 || !fs::exists(testing::busybox))
    GTEST_SKIP() << "needs root and busybox-static";
  mode_t before = ::umask(077);
  testing::Host host;
  ::umask(before);
  for (const std::string& top : {host.root(), host.image()})
    ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
  auto spec = host.spec({"id", "-u"});
  spec.init = true;
  spec.process.user = "ann";
  for (const std::string& part :
       {spec.root.upper, cat(host.image(), "/bin"), cat(host.image(), "/etc")})
    ASSERT_EQ(::chmod(part.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(cat(host.image(), "/bin/busybox").c_str(), 0755), 0);
  EXPECT_EQ(host.run(spec).out, "1000\n");
}

}  // namespace
}  // namespace estiba::runtime
