#include "orchestrator/cli/ps_format.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "orchestrator/ui/table.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

WallTime at(const std::string& text) { return *parse_rfc3339(text); }
const WallTime noon = at("2026-11-25T12:00:00Z");

ContainerInfo web() {
  return container_from_json(parse_json(R"({
    "id": "0123456789abcdef0123456789abcdef", "name": "shop-web-1", "project": "shop",
    "service": "web", "number": 1, "image": "nginx", "command": ["sh", "-c", "echo \"hello\" world"],
    "state": "running", "health": "healthy", "exit_code": 0, "pid": 77,
    "created": "2026-11-25T11:00:00.5Z", "started_at": "2026-11-25T11:59:58Z", "finished_at": "",
    "labels": {"a": "1", "b": "2"},
    "ports": [{"host_ip": "", "host_port": 8080, "container_port": 80, "protocol": "tcp"}],
    "exposed": ["80/tcp", "7000/tcp"],
    "networks": [{"name": "shop_default"}],
    "mounts": [{"type": "volume", "name": "shop_data_of_a_long_name", "source": "/v", "target": "/d"}]
  })",
                                        "test"));
}

TEST(Status, SaysHowLongAndHowWell) {
  ContainerInfo container = web();
  EXPECT_EQ(status_text(container, noon), "Up 2 seconds (healthy)");
  container.health = "starting";
  EXPECT_EQ(status_text(container, noon), "Up 2 seconds (health: starting)");
  container.state = "paused";
  EXPECT_EQ(status_text(container, noon), "Up 2 seconds (Paused)");
  container.state = "exited";
  container.exit_code = 137;
  container.finished_at = "2026-11-25T11:57:00Z";
  EXPECT_EQ(status_text(container, noon), "Exited (137) 3 minutes ago");
  container.state = "created";
  EXPECT_EQ(status_text(container, noon), "Created");
}

TEST(Ports, AreShownInBothFamiliesAndExposedOnesOnce) {
  EXPECT_EQ(ports_text(web().ports), "7000/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
}

TEST(Ports, EqualNeighboursBecomeARange) {
  EXPECT_EQ(ports_text({{"0.0.0.0", 8000, 8000, "tcp"},
                        {"0.0.0.0", 8001, 8001, "tcp"},
                        {"0.0.0.0", 8002, 8002, "tcp"},
                        {"", 0, 9000, "udp"},
                        {"", 0, 9001, "udp"},
                        {"127.0.0.1", 81, 8003, "tcp"}}),
            "0.0.0.0:8000-8002->8000-8002/tcp, 9000-9001/udp, 127.0.0.1:81->8003/tcp");
}

TEST(CommandText, IsQuotedAndCutAfterTwentyCharacters) {
  std::vector<std::string> command{"sh", "-c", "printf \"hello\\npartial\"; sleep 1000"};
  EXPECT_EQ(command_text(command, Truncate::yes), "\"sh -c 'printf \\\"hell…\"");
  EXPECT_EQ(command_text({"sleep", "5"}, Truncate::yes), "\"sleep 5\"");
}

TEST(PsJson, HasTheKeysAndTypesThatToolsRead) {
  EXPECT_EQ(
      ps_json(web(), noon, Truncate::yes).dump(),
      R"({"Command":"\"sh -c 'echo \\\"hello\\\"…\"","CreatedAt":"2026-11-25 11:00:00 +0000 UTC",)"
      R"("ExitCode":0,"Health":"healthy","ID":"0123456789ab","Image":"nginx","Labels":"a=1,b=2",)"
      R"("LocalVolumes":"1","Mounts":"shop_data_of_a…","Name":"shop-web-1","Names":"shop-web-1",)"
      R"("Networks":"shop_default","Pid":77,)"
      R"("Ports":"7000/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp","Project":"shop",)"
      R"("Publishers":[{"URL":"0.0.0.0","TargetPort":80,"PublishedPort":8080,"Protocol":"tcp"},)"
      R"({"URL":"::","TargetPort":80,"PublishedPort":8080,"Protocol":"tcp"},)"
      R"({"URL":"","TargetPort":7000,"PublishedPort":0,"Protocol":"tcp"}],)"
      R"("RunningFor":"59 minutes ago","Service":"web","Size":"0B","State":"running",)"
      R"=("Status":"Up 2 seconds (healthy)"})=");
}

TEST(PsTable, WithoutContainersIsTheHeader) {
  EXPECT_EQ(ps_table({}, noon, Truncate::yes),
            "NAME      IMAGE     COMMAND   SERVICE   CREATED   STATUS    PORTS\n");
}

TEST(ShortName, LeavesTheProjectOut) {
  ContainerInfo container = web();
  EXPECT_EQ(short_name(container), "web-1");
  container.name = "my-own";
  EXPECT_EQ(short_name(container), "my-own");
}

TEST(Table, CountsCharactersNotBytes) {
  EXPECT_EQ(ui::table({{"A", "B"}, {"éééééééééé", "x"}}, {3, 10}),
            "A            B\néééééééééé   x\n");
}

TEST(Shortened, KeepsCharactersWhole) {
  EXPECT_EQ(ui::shortened("äöüß", 3), "äö…");
  EXPECT_EQ(ui::shortened("abc", 3), "abc");
}

}  // namespace
}  // namespace estiba::orchestrator
