#include <gmock/gmock.h>

#include <chrono>

#include "base/error.hpp"
#include "lab.hpp"

namespace estiba::net {
namespace {

using lab::accept_from;
using lab::listen_tcp;
using lab::try_connect;
using ::testing::HasSubstr;

class NetworksOnAHost : public lab::Lab {};

NetworkSpec named(const std::string& name) {
  NetworkSpec spec;
  spec.name = name;
  return spec;
}

void remove_uplinks() {
  lab::shell("ip -o link | sed -n 's/.* \\(est-[^@]*\\)@.*/\\1/p' | xargs -n1 ip link del");
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST_F(NetworksOnAHost, LeaveNothingBehind) {
  std::string before = host_state();
  {
    Networks networks(config(), nullptr);
    networks.create(named("app_default"));
    NetworkSpec inner = named("app_inner");
    inner.internal = true;
    inner.ipv6 = true;
    networks.create(inner);
    container(networks, "web", {"app_default", "app_inner"});
    networks.publish("web", {{"", 8080, 80, "tcp"}, {"127.0.0.1", 5353, 53, "udp"}});
    networks.remove_sandbox("web");
    networks.remove("app_default");
    networks.remove("app_inner");
    networks.release_host();
  }
  expect_host_state(before);
}

TEST_F(NetworksOnAHost, ConnectContainersOfOneNetworkAndOfTwo) {
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  networks.create(named("two"));
  container(networks, "a", {"one"});
  Sandbox both = container(networks, "both", {"one", "two"});
  container(networks, "c", {"two"});
  UniqueFd server = listen_tcp(netns_of(networks, "both"), 80);

  EXPECT_EQ(try_connect(netns_of(networks, "a"), both.leases[0].address, 80), 0);
  EXPECT_EQ(accept_from(server), networks.sandbox("a")->leases[0].address);
  EXPECT_EQ(try_connect(netns_of(networks, "c"), both.leases[1].address, 80), 0);
  EXPECT_EQ(accept_from(server), networks.sandbox("c")->leases[0].address);
}

TEST_F(NetworksOnAHost, SpeakIPv6) {
  Networks networks(config(), nullptr);
  NetworkSpec spec = named("six");
  spec.ipv6 = true;
  networks.create(spec);
  container(networks, "a", {"six"});
  Sandbox b = container(networks, "b", {"six"});
  UniqueFd server = listen_tcp(netns_of(networks, "b"), 80);
  // The kernel joins an address's multicast group from a work queue, so the first try may be early.
  int code = ETIMEDOUT;
  for (int i = 0; i < 10 && code == ETIMEDOUT; ++i)
    code = try_connect(netns_of(networks, "a"), b.leases[0].address6, 80);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(try_connect(host_, b.leases[0].address6, 80), 0);
}

TEST_F(NetworksOnAHost, RefuseTheWayIntoAnotherNetwork) {
  Networks networks(config(), nullptr);
  NetworkSpec one = named("one");
  NetworkSpec two = named("two");
  one.ipv6 = two.ipv6 = true;
  networks.create(one);
  networks.create(two);
  container(networks, "a", {"one"});
  Sandbox b = container(networks, "b", {"two"});
  UniqueFd server = listen_tcp(netns_of(networks, "b"), 80);
  UniqueFd from = netns_of(networks, "a");
  EXPECT_NE(try_connect(from, b.leases[0].address, 80), 0);
  EXPECT_NE(try_connect(from, b.leases[0].address, 80), ETIMEDOUT) << "refused at once";
  EXPECT_NE(try_connect(from, b.leases[0].address6, 80), 0);
  EXPECT_EQ(try_connect(host_, b.leases[0].address, 80), 0) << "the host reaches it";
}

TEST_F(NetworksOnAHost, LetNothingOutOfAnInternalNetwork) {
  Networks networks(config(), nullptr);
  NetworkSpec spec = named("inner");
  spec.internal = true;
  EXPECT_EQ(networks.create(spec).uplink_host, "");
  container(networks, "a", {"inner"});
  Sandbox b = container(networks, "b", {"inner"});
  UniqueFd outside = listen_tcp(neighbour_, 80);
  UniqueFd server = listen_tcp(netns_of(networks, "b"), 80);
  UniqueFd from = netns_of(networks, "a");
  EXPECT_EQ(try_connect(from, b.leases[0].address, 80), 0);
  EXPECT_EQ(try_connect(from, lab::neighbour_address, 80), ENETUNREACH);
  EXPECT_NE(try_connect(host_, b.leases[0].address, 80), 0);
  EXPECT_EQ(lab::shell("nft list tables"), "") << "no rule is needed for it";
}

TEST_F(NetworksOnAHost, ReachTheOutsideMasqueraded) {
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  container(networks, "a", {"one"});
  UniqueFd outside = listen_tcp(neighbour_, 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), lab::neighbour_address, 80), 0);
  EXPECT_EQ(accept_from(outside), lab::host_address);
}

TEST_F(NetworksOnAHost, PassAForwardChainThatDrops) {
  lab::shell(
      "printf 'table ip filter {\\nchain DOCKER-USER {\\n}\\nchain FORWARD {\\ntype filter hook "
      "forward "
      "priority 0; policy drop\\njump DOCKER-USER\\n}\\n}\\n' | nft -f -");
  std::string before = host_state();
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  container(networks, "a", {"one"});
  UniqueFd outside = listen_tcp(neighbour_, 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), lab::neighbour_address, 80), 0);
  networks.remove_sandbox("a");
  networks.remove("one");
  networks.release_host();
  expect_host_state(before);
}

TEST_F(NetworksOnAHost, AreFoundAgainByTheNextServer) {
  NetworkRecord record;
  {
    Networks networks(config(), nullptr);
    record = networks.create(named("one"));
    container(networks, "a", {"one"});
  }
  Networks networks(config(), nullptr);
  ASSERT_TRUE(networks.find("one"));
  EXPECT_EQ(networks.find("one")->id, record.id);
  Sandbox b = container(networks, "b", {"one"});
  EXPECT_NE(b.leases[0].address, networks.sandbox("a")->leases[0].address);
  UniqueFd server = listen_tcp(netns_of(networks, "b"), 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), b.leases[0].address, 80), 0);
}

TEST_F(NetworksOnAHost, AreMadeAgainAfterAReboot) {
  NetworkRecord record;
  {
    Networks networks(config(), nullptr);
    record = networks.create(named("one"));
    container(networks, "a", {"one"});
  }
  TearDownRunDir();
  remove_uplinks();
  Networks networks(config(), nullptr);
  EXPECT_TRUE(networks.sandboxes().empty());
  networks.ensure("one");
  EXPECT_EQ(networks.find("one")->subnet, record.subnet);
  container(networks, "a", {"one"});
  UniqueFd outside = listen_tcp(neighbour_, 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), lab::neighbour_address, 80), 0);
}

TEST_F(NetworksOnAHost, GetTheirUplinkAndRulesBack) {
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  container(networks, "a", {"one"});
  lab::shell("nft flush ruleset");
  remove_uplinks();
  networks.ensure("one");
  UniqueFd outside = listen_tcp(neighbour_, 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), lab::neighbour_address, 80), 0);
}

TEST_F(NetworksOnAHost, AreNotRemovedWhileInUse) {
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  container(networks, "web-1", {"one"});
  EXPECT_EQ(message_of([&] { networks.remove("one"); }), "network one is in use by web-1");
  networks.detach("web-1", "one");
  networks.remove("one");
  EXPECT_FALSE(networks.find("one"));
  networks.remove("one");
}

TEST_F(NetworksOnAHost, RefuseWhatCannotBe) {
  lab::shell(
      "ip link add dummy0 type bridge; ip addr add 10.9.1.1/24 dev dummy0; "
      "ip link set dummy0 up");
  Networks networks(config(), nullptr);
  networks.create(named("one"));
  NetworkSpec spec = named("two");
  spec.ipam = {{networks.find("one")->subnet, "", "", {}}};
  EXPECT_THAT(message_of([&] { networks.create(spec); }), HasSubstr("of network one"));
  spec.ipam = {{"10.9.0.0/16", "", "", {}}};
  EXPECT_EQ(message_of([&] { networks.create(spec); }),
            "subnet 10.9.0.0/16 of network two overlaps with 10.9.1.0/24, to which this host has a "
            "route");
  spec.driver = "overlay";
  EXPECT_THAT(message_of([&] { networks.create(spec); }),
              HasSubstr("on one host the driver bridge"));
  EXPECT_THAT(message_of([&] { networks.create(named("one")); }), HasSubstr("exists already"));
}

TEST_F(NetworksOnAHost, GiveOutAddressesWithCare) {
  Networks networks(config(), nullptr);
  NetworkSpec spec = named("one");
  spec.ipam = {{"10.5.0.0/24", "", "", {{"router", "10.5.0.3"}}}};
  networks.create(spec);
  networks.reserve("one", {"10.5.0.2"});
  EXPECT_EQ(container(networks, "a", {"one"}).leases[0].address, "10.5.0.4");
  networks.create_sandbox("db");
  EndpointRequest request;
  request.network = "one";
  request.canonical_name = "db-1";
  request.ipv4_address = "10.5.0.2";
  EXPECT_EQ(networks.attach("db", request).address, "10.5.0.2");
  networks.create_sandbox("other");
  EXPECT_EQ(message_of([&] { networks.attach("other", request); }),
            "address 10.5.0.2 is already used by db-1");
  request.ipv4_address = "10.6.0.2";
  EXPECT_THAT(message_of([&] { networks.attach("other", request); }), HasSubstr("10.5.0.0/24"));
}

TEST_F(NetworksOnAHost, TakeTheDefaultRouteByPriority) {
  Networks networks(config(), nullptr);
  networks.create(named("aaa"));
  networks.create(named("zzz"));
  container(networks, "web", {"aaa"});
  UniqueFd netns = netns_of(networks, "web");
  auto route = [&] {
    return lab::shell(
        cat("nsenter --net=", networks.sandbox("web")->netns_path, " ip route show default"));
  };
  EXPECT_THAT(route(), HasSubstr("dev eth0"));
  EndpointRequest request;
  request.network = "zzz";
  request.gw_priority = 1;
  networks.attach("web", request);
  EXPECT_THAT(route(), HasSubstr("dev eth1"));
  networks.detach("web", "zzz");
  EXPECT_THAT(route(), HasSubstr("dev eth0"));
}

TEST_F(NetworksOnAHost, AttachFiftyContainersQuickly) {
  Networks networks(config(), nullptr);
  using Clock = std::chrono::steady_clock;
  auto t0 = Clock::now();
  networks.create(named("one"));
  auto t1 = Clock::now();
  networks.create(named("two"));
  auto t2 = Clock::now();
  for (int i = 0; i < 50; ++i) container(networks, cat("c", std::to_string(i)), {"one"});
  auto t3 = Clock::now();
  for (int i = 0; i < 50; ++i) networks.remove_sandbox(cat("c", std::to_string(i)));
  auto t4 = Clock::now();
  networks.remove("one");
  auto t5 = Clock::now();
  auto us = [](auto a, auto b) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(b - a).count());
  };
  // Figures to read, not to assert.
  RecordProperty("first_network_us", us(t0, t1));
  RecordProperty("second_network_us", us(t1, t2));
  RecordProperty("attach_50_us", us(t2, t3));
  RecordProperty("remove_50_us", us(t3, t4));
  std::printf(
      "first network %s us, second %s, 50 attaches %s, 50 removals %s, network removal %s\n",
      us(t0, t1).c_str(), us(t1, t2).c_str(), us(t2, t3).c_str(), us(t3, t4).c_str(),
      us(t4, t5).c_str());
  EXPECT_TRUE(networks.sandboxes().empty());
}

}  // namespace
}  // namespace estiba::net
