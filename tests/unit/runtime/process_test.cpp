#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.hpp"
#include "runtime/keeper/respawn.hpp"
#include "runtime/launch_request.hpp"
#include "runtime/security/credentials.hpp"

namespace estiba::runtime {
namespace {

constexpr const char* passwd =
    "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\nbroken\n"
    "1234:x:77:78::/numbered:\nbad:x:4294967296:0::/:\n";
constexpr const char* group = "root:x:0:\nstaff:x:50:bob,ann\nwheel:x:10:ann\nempty:x:60\n";

Identity of(const std::string& user, const std::vector<std::string>& groups = {}) {
  return resolve_identity(user, groups, passwd, group);
}

TEST(Identity, IsRootByDefault) { EXPECT_EQ(of(""), (Identity{0, 0, {0}, "/root"})); }
TEST(Identity, TakesGroupsAndHomeFromTheNamesLineAndIsInItsOwn) {
  EXPECT_EQ(of("ann"), (Identity{1000, 1001, {10, 50, 1001}, "/home/ann"}));
  EXPECT_EQ(of("1000"), (Identity{1000, 1001, {10, 50, 1001}, "/home/ann"}));
}
TEST(Identity, AGivenGroupReplacesAllOthers) {
  EXPECT_EQ(of("ann:staff"), (Identity{1000, 50, {50}, "/home/ann"}));
  EXPECT_EQ(of("ann:"), of("ann"));
  EXPECT_EQ(of("ann:99"), (Identity{1000, 99, {99}, "/home/ann"}));
}
TEST(Identity, ANumberNeedsNoLine) { EXPECT_EQ(of("4000"), (Identity{4000, 0, {0}, "/"})); }
TEST(Identity, ANameWinsOverANumber) {
  EXPECT_EQ(of("1234"), (Identity{77, 78, {78}, "/numbered"}));
}
TEST(Identity, ExtraGroupsAreAddedOnce) {
  EXPECT_EQ(of("ann", {"staff", "7"}), (Identity{1000, 1001, {7, 10, 50, 1001}, "/home/ann"}));
}
TEST(Identity, UnknownNamesAndOverflowsAreErrors) {
  for (const char* user : {"nobody", "ann:nogroup", "4294967296", "2147483648", "0:4294967295",
                           "99999999999999999999", "bad"})
    EXPECT_THROW(of(user), Error) << user;
}

TEST(ProcessSetup, SaysTheDefaultLimitsOutright) {
  auto setup = process_setup({}, {});
  ASSERT_EQ(setup.rlimits.size(), 2U);
  EXPECT_EQ(setup.rlimits[0].resource, RLIMIT_NOFILE);
  EXPECT_EQ(setup.rlimits[0].soft, 1024U);
}
TEST(ProcessSetup, AGivenLimitReplacesTheDefault) {
  Process process;
  process.rlimits = {{"nofile", 10, 20}, {"nproc", 5, UINT64_MAX}};
  auto setup = process_setup(process, {});
  ASSERT_EQ(setup.rlimits.size(), 3U);
  EXPECT_EQ(setup.rlimits[1].hard, 20U);
}
TEST(ProcessSetup, RefusesLimitsThatMakeNoSense) {
  Process process;
  process.rlimits = {{"nofile", 30, 20}};
  EXPECT_THROW(process_setup(process, {}), Error);
  process.rlimits = {{"nofiles", 1, 2}};
  EXPECT_THROW(process_setup(process, {}), Error);
}
TEST(ProcessSetup, AddsPathAndTermOnlyWhereMissing) {
  Process process;
  process.env = {"PATH=/bin"};
  process.terminal = true;
  EXPECT_EQ(process_setup(process, {}).env, (std::vector<std::string>{"PATH=/bin", "TERM=xterm"}));
}

TEST(ParseSignal, TakesNamesNumbersAndRealTimeSignals) {
  EXPECT_EQ(parse_signal("SIGTERM"), 15);
  EXPECT_EQ(parse_signal("term"), 15);
  EXPECT_EQ(parse_signal("9"), 9);
  EXPECT_EQ(parse_signal("RTMIN+3"), 37);
  EXPECT_EQ(parse_signal("SIGRTMAX-1"), 63);
  for (const char* text : {"", "0", "65", "-1", "SIGNOPE", "RTMIN+31", "RTMIN-1", "RTMIN+"})
    EXPECT_EQ(parse_signal(text), std::nullopt) << text;
}

TEST(ParseCapability, TakesEverySpelling) {
  EXPECT_EQ(parse_capability("NET_ADMIN"), 12);
  EXPECT_EQ(parse_capability("cap_net_admin"), 12);
  EXPECT_EQ(parse_capability("CAP_CHECKPOINT_RESTORE"), 40);
  EXPECT_EQ(parse_capability("ALL"), std::nullopt);
  uint64_t docker = 0;
  for (const char* name :
       {"chown", "dac_override", "fsetid", "fowner", "mknod", "net_raw", "setgid", "setuid",
        "setfcap", "setpcap", "net_bind_service", "sys_chroot", "kill", "audit_write"})
    docker |= uint64_t{1} << *parse_capability(name);
  EXPECT_EQ(docker, default_capabilities);
}

TEST(Respawn, WaitsLongerEachTimeAndGivesUpAfterFiveDeathsInAMinute) {
  using std::chrono::milliseconds;
  Respawn respawn;
  EXPECT_EQ(respawn.after_death(milliseconds{1000}), milliseconds{0});
  EXPECT_EQ(respawn.after_death(milliseconds{2000}), milliseconds{100});
  EXPECT_EQ(respawn.after_death(milliseconds{3000}), milliseconds{200});
  EXPECT_EQ(respawn.after_death(milliseconds{4000}), milliseconds{400});
  EXPECT_EQ(respawn.after_death(milliseconds{5000}), std::nullopt);
}
TEST(Respawn, ForgetsOldDeaths) {
  using std::chrono::milliseconds;
  Respawn respawn;
  for (int minute = 0; minute < 20; ++minute)
    EXPECT_EQ(respawn.after_death(milliseconds{minute * 61'000}), milliseconds{0});
}

}  // namespace
}  // namespace estiba::runtime
