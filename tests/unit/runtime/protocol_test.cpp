#include <gtest/gtest.h>

#include <random>

#include "runtime/keeper/records.hpp"
#include "runtime/launch/messages.hpp"
#include "runtime/launch/wire.hpp"

namespace estiba::runtime {
namespace {

Launch full_launch() {
  Launch launch{7, {}};
  LaunchRequest& r = launch.request;
  r.id = "abc";
  r.process.args = {"sh", "-c", "echo"};
  r.process.env = {"A=1"};
  r.process.rlimits = {{1, 2, 3}};
  r.process.seccomp = std::string(40, '\x01');
  r.process.terminal = true;
  r.network = {NamespaceMode::path, "/run/netns"};
  r.cgroup = {"estiba/abc", {"/a", "/b"}, "/c", "/d", 5};
  r.root = {{"/l1", "/l2"}, "/u", "/w", true};
  r.mounts = {FilesystemOp{"tmpfs", "/x", 3, {"a=b"}, {"d"}, true},
              BindOp{"/s", "sub", "/t", true, false, 4},
              FileOp{"/f", "content", 1, 2, 3},
              DeviceOp{"/dev/d", 1, 2, 3, 4, 5},
              LinkOp{"/l", "t"},
              LentOp{"other", "/proc"},
              MaskOp{"/m"},
              ReadonlyOp{"/r"},
              SysctlOp{"p", "v", true},
              ImageOp{{"/l1", "/l2"}, "s", "/y"}};
  r.hostname = "h";
  r.domainname = "d";
  return launch;
}

TEST(Protocol, EveryMessageComesBackAsItWas) {
  for (const ServerMessage& message :
       {ServerMessage{Greeting{}}, ServerMessage{full_launch()}, ServerMessage{Forget{"x"}},
        ServerMessage{Exec{9, {"e", "c", {}, {}}}}, ServerMessage{CloseStdin{"x"}},
        ServerMessage{StoreFd{"n"}}, ServerMessage{DropFd{"n"}}, ServerMessage{ReturnTerminal{"i"}},
        ServerMessage{Shutdown{}}}) {
    std::string bytes = wire::encode(message);
    auto back = wire::decode<ServerMessage>(bytes);
    EXPECT_EQ(back.index(), message.index());
    EXPECT_EQ(wire::encode(back), bytes);
  }
  for (const KeeperMessage& message :
       {KeeperMessage{Held{"i", "c", 3, {true, false, true, false, true}}},
        KeeperMessage{StoredFd{"n"}}, KeeperMessage{Ready{}},
        KeeperMessage{LaunchStarted{1, 2, {}}}, KeeperMessage{LaunchFailed{1, "m", 127}},
        KeeperMessage{Exited{"i", 137, 9, true, 123}}}) {
    std::string bytes = wire::encode(message);
    EXPECT_EQ(wire::encode(wire::decode<KeeperMessage>(bytes)), bytes);
  }
}

TEST(Protocol, FieldsSurvive) {
  auto back =
      std::get<Launch>(wire::decode<ServerMessage>(wire::encode(ServerMessage{full_launch()})));
  EXPECT_EQ(back.number, 7U);
  EXPECT_EQ(back.request.process.args[2], "echo");
  EXPECT_EQ(back.request.root.lower[1], "/l2");
  EXPECT_EQ(std::get<FileOp>(back.request.mounts[2]).content, "content");
  EXPECT_EQ(back.request.domainname, "d");
}

TEST(Protocol, EveryTruncationIsAnError) {
  std::string bytes = wire::encode(ServerMessage{full_launch()});
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(wire::decode<ServerMessage>(bytes.substr(0, size)), Error) << size;
  EXPECT_THROW(wire::decode<ServerMessage>(bytes + "x"), Error);
}

// A mutated message is decoded or refused; nothing else happens, and no memory runs away.
TEST(Protocol, MutationsNeverDoHarm) {
  std::string bytes = wire::encode(ServerMessage{full_launch()});
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string mutated = bytes;
    for (int flips = 0; flips < 3; ++flips)
      mutated[random() % mutated.size()] = static_cast<char>(random());
    try {
      wire::decode<ServerMessage>(mutated);
    } catch (const Error&) {
    }
  }
}

TEST(Records, OomKillsAreFoundInBothVersionsFiles) {
  EXPECT_EQ(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), 3U);
  EXPECT_EQ(parse_oom_kills("low 0\nhigh 0\nmax 9\noom 4\noom_kill 2\noom_group_kill 0\n"), 2U);
  EXPECT_EQ(parse_oom_kills(""), 0U);
}

TEST(Records, AnUnwitnessedEndIsNeverASuccess) {
  ProcessRecord record;
  record.id = "x";
  EXPECT_NE(unknown_exit(record).exit_code, 0);
}

TEST(Records, WaitStatusesBecomeExitCodes) {
  ProcessRecord record;
  EXPECT_EQ(exit_from_status(record, 7 << 8).exit_code, 7);
  EXPECT_EQ(exit_from_status(record, 9).exit_code, 137);
  EXPECT_EQ(exit_from_status(record, 9).signal, 9);
}

}  // namespace
}  // namespace estiba::runtime
