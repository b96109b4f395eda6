#include <sys/ioctl.h>

#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class Exec : public testing::ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    spec_ = host().shell("echo ready; sleep 100");
    started_ = host().start(spec_);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    host().containers().kill_all(spec_.id);
    host().wait_exit(spec_.id);
    host().containers().remove(spec_.id);
  }
  testing::Finished exec(const std::string& script) { return host().exec(spec_.id, script); }

  ContainerSpec spec_;
  Started started_;
};

TEST_F(Exec, RunsInsideTheContainerAndTellsItsExit) {
  auto done = exec("echo out; echo err >&2; hostname; exit 5");
  EXPECT_EQ(done.out, "out\nbox\n");
  EXPECT_EQ(done.err, "err\n");
  EXPECT_EQ(done.exit.exit_code, 5);
}

TEST_F(Exec, SharesEveryNamespaceAndTheCgroup) {
  auto done = exec(
      "for n in cgroup ipc mnt net pid uts; do "
      "test $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) || echo $n differs; done; "
      "cat /proc/self/cgroup | grep -v systemd");
  EXPECT_EQ(done.out.find("differs"), std::string::npos) << done.out;
  auto first = exec("cat /proc/1/cgroup | grep -v systemd");
  EXPECT_EQ(done.out, first.out);
}

TEST_F(Exec, NamesACommandThatIsNotThere) {
  Process process;
  process.args = {"/bin/nothing"};
  process.capabilities = default_capabilities;
  try {
    host().exec(spec_.id, process);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 127);
    EXPECT_EQ(error.message(),
              "exec: \"/bin/nothing\": stat /bin/nothing: no such file or directory");
  }
}

TEST_F(Exec, OfWhatDoesNotRunIsAnError) {
  EXPECT_THROW(host().exec(std::string(64, 'a'), "true"), Error);
}

TEST_F(Exec, CanHaveATerminal) {
  Process process;
  process.args = {"sh", "-c", "tty; stty size; test -t 0 && test -t 1 && echo yes"};
  process.capabilities = default_capabilities;
  process.terminal = true;
  auto run = host().start_exec(spec_.id, process);
  ASSERT_TRUE(run.started.terminal);
  std::string text = testing::read_to_end(run.started.terminal);
  EXPECT_NE(text.find("/dev/pts/0\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("yes\r\n"), std::string::npos) << text;
  EXPECT_EQ(host().wait_exit(run.started.exec_id).exit_code, 0);
}

TEST_F(Exec, CanBeSignalled) {
  Process process;
  process.args = {"sleep", "100"};
  process.capabilities = default_capabilities;
  auto run = host().start_exec(spec_.id, process);
  EXPECT_TRUE(host().containers().signal(run.started.exec_id, SIGTERM));
  EXPECT_EQ(host().wait_exit(run.started.exec_id).exit_code, 143);
}

TEST_F(Exec, IsRefusedWhilePaused) {
  host().containers().pause(spec_.id);
  try {
    exec("true");
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("is paused"), std::string::npos) << error.message();
  }
  host().containers().resume(spec_.id);
  EXPECT_EQ(exec("true").exit.exit_code, 0);
}

TEST_F(Exec, BecomesAUserOfTheContainer) {
  Process process;
  process.args = {"sh", "-c", "id; echo $HOME; pwd; grep -E 'Cap(Eff|Bnd)' /proc/self/status"};
  process.user = "ann";
  process.cwd = "/tmp/new/dir";
  process.capabilities = default_capabilities;
  EXPECT_EQ(host().exec(spec_.id, process).out,
            "uid=1000(ann) gid=1001(ann) groups=50(staff),1001(ann)\n/home/ann\n/tmp/new/dir\n"
            "CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n");
}

}  // namespace
}  // namespace estiba::runtime
