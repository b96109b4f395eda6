#include "imgmgr/changes.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "imgmgr/config_json.hpp"

namespace estiba::img {
namespace {

using Words = std::vector<std::string>;

ImageConfig changed(const std::vector<std::string>& changes) { return apply_changes({}, changes); }

TEST(Changes, CommandsHaveTwoForms) {
  EXPECT_EQ(changed({R"(CMD ["/bin/sh", "-c", "x y"])"}).cmd, (Words{"/bin/sh", "-c", "x y"}));
  EXPECT_EQ(changed({"cmd echo hi"}).cmd, (Words{"/bin/sh", "-c", "echo hi"}));
  EXPECT_EQ(changed({"SHELL [\"/bin/bash\", \"-c\"]", "CMD x"}).cmd,
            (Words{"/bin/bash", "-c", "x"}));
  EXPECT_EQ(changed({"CMD ['single']"}).cmd, (Words{"/bin/sh", "-c", "['single']"}));
}

TEST(Changes, EntrypointDropsAnInheritedCommandOnly) {
  ImageConfig inherited;
  inherited.cmd = {"x"};
  EXPECT_TRUE(apply_changes(inherited, {"ENTRYPOINT [\"e\"]"}).cmd.empty());
  EXPECT_EQ(changed({"CMD [\"c\"]", "ENTRYPOINT [\"e\"]"}).cmd, Words{"c"});
}

TEST(Changes, EnvironmentReplacesAndRefersToEarlierValues) {
  EXPECT_EQ(changed({"ENV A=1 B=\"two words\"", "ENV A=2 C=$A"}).env,
            (Words{"A=2", "B=two words", "C=1"}));
  EXPECT_EQ(changed({"ENV LEGACY a value with  spaces"}).env, Words{"LEGACY=a value with  spaces"});
}

TEST(Changes, PortsAreSpelledOut) {
  EXPECT_EQ(changed({"EXPOSE 80 53/UDP 8000-8001 81/"}).exposed_ports,
            (Words{"80/tcp", "53/udp", "8000/tcp", "8001/tcp", "81/tcp"}));
}

TEST(Changes, WorkdirIsRelativeToTheLast) {
  EXPECT_EQ(changed({"WORKDIR /a", "WORKDIR b", "WORKDIR ../c"}).working_dir, "/a/c");
  EXPECT_EQ(changed({"WORKDIR x"}).working_dir, "/x");
}

TEST(Changes, TheOthers) {
  auto config = changed({"USER 1:2", "VOLUME /a /b", "VOLUME [\"/c d\"]", "LABEL \"a b\"='c d' e=f",
                         "STOPSIGNAL SIGINT", "HEALTHCHECK --interval=5s --retries=3 CMD a b"});
  EXPECT_EQ(config.user, "1:2");
  EXPECT_EQ(config.volumes, (Words{"/a", "/b", "/c d"}));
  EXPECT_EQ(config.labels, (std::map<std::string, std::string>{{"a b", "c d"}, {"e", "f"}}));
  EXPECT_EQ(config.stop_signal, "SIGINT");
  EXPECT_EQ(config.healthcheck->test, (Words{"CMD-SHELL", "a b"}));
  EXPECT_EQ(config.healthcheck->interval, std::chrono::seconds{5});
  EXPECT_EQ(config.healthcheck->retries, 3);
  EXPECT_EQ(changed({"HEALTHCHECK --retries=+3 CMD x"}).healthcheck->retries, 3);
  EXPECT_THROW(changed({"HEALTHCHECK CMD []"}), Error);
  EXPECT_EQ(changed({"HEALTHCHECK NONE"}).healthcheck->test, Words{"NONE"});
  EXPECT_EQ(changed({"HEALTHCHECK --retries=3 NONE"}).healthcheck->retries, 0);
}

TEST(Changes, SignalsHaveNamesAndNumbers) {
  for (const char* signal : {"SIGTERM", "term", "9", "RTMIN+3", "SIGRTMAX-14", "SIGPOLL", "IO"})
    EXPECT_EQ(changed({cat("STOPSIGNAL ", signal)}).stop_signal, signal);
}

TEST(Changes, MistakesAreNamed) {
  for (const char* change : {"RUN true",
                             "COPY a b",
                             "",
                             "ENV",
                             "ENV A=1 B",
                             "EXPOSE x",
                             "EXPOSE 80/foo",
                             "EXPOSE 9-1",
                             "LABEL =x",
                             "SHELL x",
                             "HEALTHCHECK --intervall=5s CMD x",
                             "HEALTHCHECK x",
                             "ONBUILD ONBUILD RUN x",
                             "WORKDIR",
                             "ENV A=\"open",
                             "CMD [1]",
                             "STOPSIGNAL a b",
                             "STOPSIGNAL SIGFOO",
                             "STOPSIGNAL 0",
                             "STOPSIGNAL RTMIN+16",
                             "VOLUME []"}) {
    try {
      changed({change});
      ADD_FAILURE() << change;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find(change), std::string::npos) << error.message();
    }
  }
}

}  // namespace
}  // namespace estiba::img
