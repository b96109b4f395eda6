#include "netmgr/store.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/error.hpp"
#include "netmgr/name_server.hpp"

namespace estiba::net {
namespace {

StoredNetwork a_network() {
  StoredNetwork network;
  network.record.spec.name = "app_default";
  network.record.spec.ipam = {{"10.5.0.0/24", "10.5.0.128/25", "10.5.0.1", {{"r", "10.5.0.9"}}}};
  network.record.spec.ipv6 = true;
  network.record.spec.driver_opts = {{"com.docker.network.driver.mtu", "1400"}};
  network.record.spec.labels = {{"project", "app"}};
  network.record.id = "abc";
  network.record.subnet = "10.5.0.0/24";
  network.record.gateway = "10.5.0.1";
  network.record.uplink_host = "10.78.0.14";
  network.uplink_index = 7;
  network.reserved = {"10.5.0.2"};
  return network;
}

StoredSandbox a_sandbox() {
  StoredSandbox stored;
  stored.sandbox = {"web", "/run/x/web.netns", {}, {{"", 8080, 80, "tcp"}}};
  Lease lease;
  lease.network = "app_default";
  lease.ifname = "eth0";
  lease.address = "10.5.0.3";
  lease.prefix_length = 24;
  lease.request.names = {"web", "app-web-1"};
  lease.request.gw_priority = -3;
  stored.sandbox.leases = {lease};
  stored.active = false;
  stored.last_ports = {{"127.0.0.1", 32768, 81, "udp"}};
  return stored;
}

TEST(NetworkStore, ReadsWhatItWrote) {
  std::string text = to_json(a_network());
  EXPECT_EQ(to_json(network_from_json(text, "file")), text);
  StoredNetwork read = network_from_json(text, "file");
  EXPECT_EQ(read.record.spec.ipam.at(0).aux_addresses.at("r"), "10.5.0.9");
  EXPECT_EQ(read.uplink_index, 7u);
}

TEST(SandboxStore, ReadsWhatItWrote) {
  std::string text = to_json(a_sandbox());
  EXPECT_EQ(to_json(sandbox_from_json(text, "file")), text);
  StoredSandbox read = sandbox_from_json(text, "file");
  EXPECT_EQ(read.sandbox.leases.at(0).request.names.at(1), "app-web-1");
  EXPECT_FALSE(read.active);
}

TEST(Stores, RefuseAnythingElseWithAnErrorOfOurOwn) {
  std::mt19937 random(5);
  int read = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = i % 2 ? to_json(a_network()) : to_json(a_sandbox());
    text[random() % text.size()] = static_cast<char>(random());
    if (random() % 4 == 0) text.resize(random() % text.size());
    try {
      i % 2 ? void(network_from_json(text, "file")) : void(sandbox_from_json(text, "file"));
      ++read;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(read, 0);
}

TEST(ResolvConf, IsReadAndWritten) {
  ResolvConf conf = parse_resolv_conf(
      "# comment\nnameserver 192.0.2.53 ; comment\nnameserver\t2001:db8::53\n"
      "domain old.example\nsearch a.example  b.example\noptions ndots:2\noptions rotate\nnonsense\n"
      "nameserver\n");
  EXPECT_EQ(to_text(conf),
            "search a.example b.example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n"
            "options ndots:2 rotate\n");
  EXPECT_EQ(to_text(ResolvConf{}), "");
  EXPECT_EQ(to_text(parse_resolv_conf("")), "");
}

}  // namespace
}  // namespace estiba::net
