#include <gmock/gmock.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "lab.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

using lab::accept_from;
using lab::listen_tcp;
using lab::try_connect;
using ::testing::HasSubstr;

class PublishedPorts : public lab::Lab {
 protected:
  void SetUp() override {
    Lab::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    networks_.emplace(config(), &kept_);
    NetworkSpec spec;
    spec.name = "one";
    networks_->create(spec);
    spec.name = "two";
    networks_->create(spec);
    container(*networks_, "web", {"one"});
    server_ = listen_tcp(netns_of(*networks_, "web"), 80);
  }
  std::string message_of_publish(const std::string& container,
                                 const std::vector<PortMapping>& ports) {
    try {
      networks_->publish(container, ports);
    } catch (const Error& error) {
      return error.message();
    }
    return "no error";
  }
  std::string web_uplink() { return networks_->find("one")->uplink_host; }

  lab::KeptFds kept_;
  std::optional<Networks> networks_;
  UniqueFd server_;
};

TEST_F(PublishedPorts, ReachTheContainerFromEverySide) {
  networks_->publish("web", {{"", 8080, 80, "tcp"}});
  EXPECT_EQ(try_connect(host_, "127.0.0.1", 8080), 0);
  EXPECT_EQ(accept_from(server_), web_uplink());
  EXPECT_EQ(try_connect(host_, lab::host_address, 8080), 0);
  EXPECT_EQ(accept_from(server_), lab::host_address);
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
  EXPECT_EQ(accept_from(server_), lab::neighbour_address) << "the client's own address is seen";
  EXPECT_EQ(try_connect(netns_of(*networks_, "web"), lab::host_address, 8080), 0) << "hairpin";
  EXPECT_EQ(accept_from(server_), web_uplink());
  container(*networks_, "other", {"two"});
  EXPECT_EQ(try_connect(netns_of(*networks_, "other"), lab::host_address, 8080), 0);
  EXPECT_EQ(accept_from(server_), web_uplink());
}

TEST_F(PublishedPorts, OnLoopbackAreTheHostsAlone) {
  networks_->publish("web", {{"127.0.0.1", 8080, 80, "tcp"}});
  lab::shell("echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter");
  {
    // A neighbour that sends packets for 127.0.0.1 to this host.
    ScopedNetns there(neighbour_);
    lab::shell(
        "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo;"
        "ip route add 127.0.0.0/8 via 192.0.2.1 dev out1 src 192.0.2.2;"
        "ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null || true");
  }
  EXPECT_EQ(try_connect(host_, "127.0.0.1", 8080), 0);
  EXPECT_EQ(accept_from(server_), web_uplink());
  EXPECT_NE(try_connect(neighbour_, "127.0.0.1", 8080), 0);
  EXPECT_NE(try_connect(neighbour_, lab::host_address, 8080), 0);
  EXPECT_EQ(accept_from(server_), "");
}

TEST_F(PublishedPorts, DoNotOpenTheWayToTheContainersAddress) {
  networks_->publish("web", {{"", 8080, 80, "tcp"}});
  std::string address = networks_->sandbox("web")->leases[0].address;
  {
    ScopedNetns there(neighbour_);
    lab::shell(cat("ip route add ", address, "/32 via 192.0.2.1"));
  }
  EXPECT_NE(try_connect(neighbour_, address, 80), 0);
  EXPECT_EQ(accept_from(server_), "");
}

TEST_F(PublishedPorts, OfOneAddressAnswerOnlyThere) {
  lab::shell("ip addr add 192.0.2.7/24 dev out0");
  networks_->publish("web", {{"192.0.2.7", 8080, 80, "tcp"}});
  EXPECT_EQ(try_connect(neighbour_, "192.0.2.7", 8080), 0);
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), ECONNREFUSED);
}

TEST_F(PublishedPorts, NameTheHolderOfATakenPort) {
  UniqueFd taken = listen_tcp(host_, 8080);
  EXPECT_THAT(message_of_publish("web", {{"", 8080, 80, "tcp"}}),
              HasSubstr(cat("port 8080 is already in use by integration_net (pid ",
                            std::to_string(::getpid()))));
  taken.reset();
  networks_->publish("web", {{"", 8080, 80, "tcp"}});
  container(*networks_, "other", {"one"});
  EXPECT_EQ(message_of_publish("other", {{"127.0.0.1", 8080, 80, "tcp"}}),
            "port 8080 is already in use by container web");
  networks_->unpublish("web");
  EXPECT_EQ(try_connect(host_, "127.0.0.1", 8080), ECONNREFUSED);
  networks_->publish("other", {{"", 8080, 80, "tcp"}});
}

TEST_F(PublishedPorts, ThatWereChosenStayTheSameAcrossARestart) {
  auto first = networks_->publish("web", {{"", 0, 80, "tcp"}});
  ASSERT_NE(first.at(0).host_port, 0);
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, first[0].host_port), 0);
  networks_->unpublish("web");
  EXPECT_EQ(networks_->publish("web", {{"", 0, 80, "tcp"}}).at(0).host_port, first[0].host_port);
}

TEST_F(PublishedPorts, OutliveTheServer) {
  networks_->publish("web", {{"", 8080, 80, "tcp"}, {"", 8081, 80, "udp"}});
  EXPECT_EQ(kept_.kept.size(), 4u) << "two families of each";
  networks_.reset();
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
  std::map<std::string, UniqueFd> inherited;
  for (const auto& [name, fd] : kept_.kept) inherited.emplace(name, sys::dup(fd));
  inherited.emplace("port/gone/tcp/0.0.0.0/9", sys::dup(server_));
  networks_.emplace(config(), &kept_, std::move(inherited));
  EXPECT_EQ(kept_.kept.size(), 4u);
  networks_->unpublish("web");
  EXPECT_TRUE(kept_.kept.empty());
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), ECONNREFUSED);
}

TEST_F(PublishedPorts, OfUdpMoveWithTheContainer) {
  container(*networks_, "dns1", {"one"});
  container(*networks_, "dns2", {"one"});
  UniqueFd first = lab::bind_udp(netns_of(*networks_, "dns1"), 53);
  UniqueFd second = lab::bind_udp(netns_of(*networks_, "dns2"), 53);
  UniqueFd client = lab::udp_client(neighbour_);
  std::string expected = cat("ping from ", lab::neighbour_address);
  networks_->publish("dns1", {{"", 5353, 53, "udp"}});
  EXPECT_EQ(lab::udp_reaches(client, lab::host_address, 5353, first), expected);
  networks_->unpublish("dns1");
  networks_->publish("dns2", {{"", 5353, 53, "udp"}});
  EXPECT_EQ(lab::udp_reaches(client, lab::host_address, 5353, second), expected);
}

TEST_F(PublishedPorts, FollowTheDefaultRoute) {
  EndpointRequest request;
  request.network = "two";
  request.gw_priority = 1;
  networks_->publish("web", {{"", 8080, 80, "tcp"}});
  networks_->attach("web", request);
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
  networks_->detach("web", "two");
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
}

TEST_F(PublishedPorts, ComeBackAfterTheRulesWereFlushed) {
  networks_->publish("web", {{"", 8080, 80, "tcp"}});
  lab::shell("nft flush ruleset");
  networks_->ensure("one");
  EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
  EXPECT_EQ(accept_from(server_), lab::neighbour_address);
}

TEST_F(PublishedPorts, AreRefusedInClearWords) {
  EXPECT_THAT(message_of_publish("web", {{"192.0.2.99", 8080, 80, "tcp"}}),
              HasSubstr("this host has no such address"));
  EXPECT_THAT(message_of_publish("web", {{"nowhere", 8080, 80, "tcp"}}),
              HasSubstr("not an IP address"));
  EXPECT_THAT(message_of_publish("web", {{"", 8080, 80, "sctp"}}), HasSubstr("only tcp and udp"));
}

}  // namespace
}  // namespace estiba::net
