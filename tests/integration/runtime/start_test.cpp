#include <algorithm>

#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class Start : public testing::ContainerTest {};

TEST_F(Start, RunsACommandAndTellsItsOutputAndExitCode) {
  auto done = host().run(host().shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(done.out, "out\n");
  EXPECT_EQ(done.err, "err\n");
  EXPECT_EQ(done.exit.exit_code, 7);
  EXPECT_EQ(done.exit.signal, 0);
  EXPECT_FALSE(done.exit.oom_killed);
}

TEST_F(Start, TellsASignalAs128PlusItsNumber) {
  auto done = host().run(host().shell("sleep 100 & kill -9 $!; wait $!; exit $?"));
  EXPECT_EQ(done.exit.exit_code, 137);
}

TEST_F(Start, IsProcessOneWithItsOwnNames) {
  EXPECT_EQ(host().output("echo $$; hostname; echo $HOSTNAME $HOME $PATH"),
            "1\nbox\nbox /root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

TEST_F(Start, NamesACommandThatIsNotThere) {
  try {
    host().start(host().spec({"no-such-command"}));
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 127);
    EXPECT_EQ(error.message(), "exec: \"no-such-command\": executable file not found in $PATH");
  }
}

TEST_F(Start, NamesAFileThatCannotBeExecuted) {
  try {
    host().start(host().spec({"/etc/passwd"}));
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 126);
    EXPECT_EQ(error.message(), "exec /etc/passwd: permission denied");
  }
}

TEST_F(Start, CanBeKilledByASignal) {
  auto spec = host().spec({"sleep", "100"});
  auto started = host().start(spec);
  EXPECT_TRUE(host().containers().signal(spec.id, SIGKILL));
  auto exit = host().wait_exit(spec.id);
  EXPECT_EQ(exit.exit_code, 137);
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_FALSE(host().containers().signal(spec.id, SIGKILL));
  host().containers().remove(spec.id);
}

TEST_F(Start, LeavesNoCgroupBehind) {
  auto spec = host().spec({"true"});
  host().run(spec);
  EXPECT_FALSE(fs::exists(cat("/sys/fs/cgroup/memory/estiba/", spec.id)));
  EXPECT_FALSE(fs::exists(cat("/sys/fs/cgroup/unified/estiba/", spec.id)));
}

// In the hierarchies that are here; one that somebody else has made is not ours to remove.
TEST_F(Start, TakesCgroupParentsThatItMadeWithItAndNoOthers) {
  std::vector<std::string> others;
  std::string name = cat("estiba-test-", text::random_hex(8));
  for (const char* root : {"/sys/fs/cgroup/memory/", "/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"})
    if (fs::exists(cat(root, "cgroup.procs")) && ::mkdir(cat(root, name).c_str(), 0755) == 0)
      others.push_back(cat(root, name));
  auto count = [&](const std::string& below) {
    return std::count_if(others.begin(), others.end(),
                         [&](const auto& other) { return fs::exists(other + below); });
  };
  auto all = static_cast<ptrdiff_t>(others.size());
  ASSERT_GT(all, 0);
  auto spec = host().shell("exec sleep 100");
  spec.cgroup_parent = cat(name, "/inner");
  auto started = host().start(spec);
  EXPECT_EQ(count(cat("/inner/", spec.id)), all);
  host().containers().signal(spec.id, SIGKILL);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
  EXPECT_EQ(count("/inner"), 0);
  EXPECT_EQ(count(""), all);
  for (const auto& other : others) ::rmdir(other.c_str());
}

TEST_F(Start, RunsASecondTimeUnderTheSameId) {
  auto spec = host().shell("exit 3");
  host().start(spec);
  EXPECT_EQ(host().wait_exit(spec.id).exit_code, 3);
  EXPECT_EQ(host().run(spec).exit.exit_code, 3);
}

TEST_F(Start, ReadsItsStandardInputWhenItIsOpen) {
  auto spec = host().shell("cat");
  spec.process.stdin_open = true;
  auto started = host().start(spec);
  sys::write_all(started.streams.stdin_writer, "hello\n", "stdin");
  started.streams.stdin_writer.reset();
  host().containers().close_stdin(spec.id);
  EXPECT_EQ(testing::read_to_end(started.streams.stdout_reader), "hello\n");
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Start, OverlapsMany) {
  constexpr int count = 50;
  std::vector<ContainerSpec> specs;
  int started = 0;
  for (int i = 0; i < count; ++i) {
    specs.push_back(host().spec({"sleep", "100"}));
    host().containers().start(specs.back(),
                              [&](std::optional<Started> value, std::optional<Error> error) {
                                EXPECT_FALSE(error) << error->message();
                                if (value) ++started;
                              });
  }
  testing::wait_for("all", [&] {
    host().dispatch();
    return started == count;
  });
  for (const auto& spec : specs) host().containers().kill_all(spec.id);
  for (const auto& spec : specs) {
    EXPECT_EQ(host().wait_exit(spec.id).exit_code, 137);
    host().containers().remove(spec.id);
  }
}

}  // namespace
}  // namespace estiba::runtime
