// What a container can make of the frames it writes itself: it has NET_RAW, as every container by
// default.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "frames.hpp"
#include "lab.hpp"
#include "netmgr/firewall/network_rules.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

using lab::arp;
using lab::Frame;
using lab::icmp6;
using lab::ip;
using lab::udp;
using lab::Wire;

constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";
constexpr const char* all_nodes = "ff02::1";

class SendersOnANetwork : public lab::Lab {
 protected:
  void start(const std::map<std::string, std::string>& options = {}) {
    networks_.emplace(config(), nullptr);
    NetworkSpec spec;
    spec.name = "one";
    spec.ipv6 = true;
    spec.driver_opts = options;
    record_ = networks_->create(spec);
    a_ = container(*networks_, "a", {"one"}).leases[0];
    b_ = container(*networks_, "b", {"one"}).leases[0];
    inside_ = lab::open_netns(config().run_dir + "/netns/one");
    gateway_mac_ = lab::mac(std::string(text::trim(
        lab::shell(cat("nsenter --net=", config().run_dir,
                       "/netns/one ip -o link show br0 | sed 's/.*ether \\(\\S*\\).*/\\1/'")))));
  }
  UniqueFd netns(const std::string& name) { return netns_of(*networks_, name); }

  /// Who of the neighbour and the gateway sees the frame that `a` sends: what comes before a frame
  /// that both are sure to get.
  std::string who_sees(Frame frame) {
    std::string mark = cat("frame ", std::to_string(++sent_), ".");
    frame.payload += mark;
    Wire from(netns("a"), "eth0");
    Wire neighbour(netns("b"), "eth0");
    Wire gateway(inside_, "br0");
    from.send(frame);
    std::string end = cat("end of ", mark);
    from.send({lab::mac(everybody), lab::mac(a_.mac), lab::type_arp,
               arp(1, lab::mac(a_.mac), a_.address, record_.gateway) + end});
    std::string seen;
    auto look = [&](const char* who, const Wire& wire) {
      auto frames = wire.frames_until(end);
      bool there = std::any_of(frames.begin(), frames.end(), [&](const std::string& bytes) {
        return bytes.find(mark) != std::string::npos && bytes.find(end) == std::string::npos;
      });
      if (there) seen += cat(seen.empty() ? "" : ", ", who);
    };
    look("neighbour", neighbour);
    look("gateway", gateway);
    return seen.empty() ? "nobody" : seen;
  }
  std::string who_sees(uint16_t type, const std::string& payload) {
    return who_sees({lab::mac(everybody), lab::mac(a_.mac), type, payload});
  }
  std::string link_local(const Lease& lease) {
    return to_text(link_local_address(lab::mac(lease.mac)));
  }

  std::optional<Networks> networks_;
  NetworkRecord record_;
  Lease a_, b_;
  UniqueFd inside_;
  std::string gateway_mac_;
  int sent_ = 0;
};

constexpr const char* both = "neighbour, gateway";

TEST_F(SendersOnANetwork, AreHeardUnderTheirOwnNames) {
  start();
  std::string me = lab::mac(a_.mac);
  EXPECT_EQ(who_sees(lab::type_ip, ip(a_.address, b_.address, 17, udp(9, 9, ""))), both);
  EXPECT_EQ(who_sees(lab::type_ip6, ip(a_.address6, all_nodes, 17, udp(9, 9, ""))), both);
  EXPECT_EQ(who_sees(lab::type_ip6, ip(link_local(a_), all_nodes, 17, udp(9, 9, ""))), both);
  EXPECT_EQ(who_sees(lab::type_arp, arp(2, me, a_.address, b_.address)), both);
  EXPECT_EQ(who_sees(lab::type_arp, arp(1, me, "0.0.0.0", "10.9.9.9")), both) << "is it free?";
  EXPECT_EQ(who_sees(lab::type_ip6, ip("::", all_nodes, 58, icmp6(135, a_.address6))), both);
  EXPECT_EQ(who_sees(lab::type_ip6, ip(a_.address6, all_nodes, 58, icmp6(136, a_.address6))), both);
  EXPECT_EQ(who_sees(lab::type_ip, ip("0.0.0.0", "255.255.255.255", 17, udp(68, 67, ""))), both);
}

TEST_F(SendersOnANetwork, CannotBeAnotherByAddress) {
  start();
  for (const std::string& other : {b_.address, record_.gateway, std::string("203.0.113.9")})
    EXPECT_EQ(who_sees(lab::type_ip, ip(other, b_.address, 17, udp(53, 53, ""))), "nobody")
        << other;
  EXPECT_EQ(who_sees(lab::type_ip, ip("0.0.0.0", record_.gateway, 17, udp(9, 53, ""))), "nobody");
  EXPECT_EQ(who_sees(lab::type_ip, ip("0.0.0.0", "255.255.255.255", 17, udp(9, 53, ""))), "nobody");
  for (const std::string& other :
       {b_.address6, record_.gateway6, link_local(b_), std::string("2001:db8::9")})
    EXPECT_EQ(who_sees(lab::type_ip6, ip(other, all_nodes, 17, udp(53, 53, ""))), "nobody")
        << other;
  EXPECT_EQ(who_sees(lab::type_ip6, ip("::", record_.gateway6, 17, udp(9, 53, ""))), "nobody");
}

TEST_F(SendersOnANetwork, CannotBeAnotherByMac) {
  start();
  std::string payload = ip(a_.address, b_.address, 17, udp(9, 9, ""));
  for (const std::string& other : {lab::mac(b_.mac), gateway_mac_, lab::mac("02:00:00:00:00:99")})
    EXPECT_EQ(who_sees({lab::mac(everybody), other, lab::type_ip, payload}), "nobody");
}

TEST_F(SendersOnANetwork, CannotAnswerForAnothersAddress) {
  start();
  std::string me = lab::mac(a_.mac);
  for (const std::string& other : {b_.address, record_.gateway, std::string("10.9.9.9")})
    for (uint16_t operation : {uint16_t{1}, uint16_t{2}})
      EXPECT_EQ(who_sees(lab::type_arp, arp(operation, me, other, other)), "nobody") << other;
  EXPECT_EQ(who_sees(lab::type_arp, arp(2, gateway_mac_, record_.gateway, b_.address)), "nobody");
  EXPECT_EQ(who_sees(lab::type_arp, arp(2, lab::mac(b_.mac), a_.address, b_.address)), "nobody");
  EXPECT_EQ(who_sees(lab::type_arp, arp(2, me, "0.0.0.0", b_.address)), "nobody");
  for (const std::string& source : {a_.address6, link_local(a_)})
    for (const std::string& other : {b_.address6, record_.gateway6, link_local(b_)})
      EXPECT_EQ(who_sees(lab::type_ip6, ip(source, all_nodes, 58, icmp6(136, other))), "nobody");
}

TEST_F(SendersOnANetwork, CannotBeARouterOrGiveOutAddresses) {
  start();
  for (uint8_t type : {uint8_t{134}, uint8_t{137}}) {  // router advertisement, redirect
    EXPECT_EQ(who_sees(lab::type_ip6, ip(link_local(a_), all_nodes, 58, icmp6(type, "::"))),
              "nobody");
    // An option for the destination stands in front of it.
    std::string hidden = cat(std::string("\x3a\0\1\4\0\0\0\0", 8), icmp6(type, "::"));
    EXPECT_EQ(who_sees(lab::type_ip6, ip(link_local(a_), all_nodes, 60, hidden)), "nobody");
  }
  EXPECT_EQ(who_sees(lab::type_ip, ip(a_.address, b_.address, 1, std::string("\5\1\0\0", 4))),
            "nobody");
  EXPECT_EQ(who_sees(lab::type_ip, ip(a_.address, "255.255.255.255", 17, udp(67, 68, ""))),
            "nobody");
  EXPECT_EQ(who_sees(lab::type_ip6, ip(link_local(a_), all_nodes, 17, udp(547, 546, ""))),
            "nobody");
}

TEST_F(SendersOnANetwork, CannotHideBehindATagOrAnotherProtocol) {
  start();
  std::string forged = ip(record_.gateway, b_.address, 17, udp(9, 9, ""));
  std::string own = ip(a_.address, b_.address, 17, udp(9, 9, ""));
  for (char tag : {char{0}, char{7}})
    for (const std::string& payload : {forged, own})
      EXPECT_EQ(
          who_sees(lab::type_vlan, cat(std::string{'\0', tag}, std::string("\x08\0", 2), payload)),
          "nobody");
  EXPECT_EQ(who_sees(0x8035, arp(3, lab::mac(a_.mac), a_.address, b_.address)), "nobody");
  EXPECT_EQ(who_sees(0x88cc, "lldp"), "nobody");
  EXPECT_EQ(who_sees({lab::mac("01:80:c2:00:00:0e"), lab::mac(a_.mac), lab::type_ip, own}),
            "nobody");
}

TEST_F(SendersOnANetwork, MayBeAnyoneWhereTheNetworkSaysSo) {
  start({{"com.estiba.network.spoofing", "true"}});
  EXPECT_EQ(who_sees(lab::type_ip, ip("203.0.113.9", b_.address, 17, udp(9, 9, ""))), both);
  EXPECT_EQ(who_sees(lab::type_arp, arp(2, lab::mac(a_.mac), "10.9.9.9", b_.address)), both);
}

TEST_F(SendersOnANetwork, KeepTheirNamesOverTheNextServerAndLoseThemWhenDetached) {
  start();
  networks_.reset();
  networks_.emplace(config(), nullptr);
  networks_->ensure("one");
  std::string payload = ip(a_.address, b_.address, 17, udp(9, 9, ""));
  EXPECT_EQ(who_sees(lab::type_ip, payload), both);
  // A namespace without rules, as an earlier version of the program left it.
  std::string enter = cat("nsenter --net=", config().run_dir, "/netns/one nft ");
  lab::shell(enter + "flush ruleset");
  networks_.reset();
  networks_.emplace(config(), nullptr);
  EXPECT_EQ(who_sees(lab::type_ip, payload), both);
  EXPECT_EQ(who_sees(lab::type_ip, ip(b_.address, b_.address, 17, udp(9, 9, ""))), "nobody");
  networks_->detach("a", "one");
  networks_->remove_sandbox("b");
  std::string left = lab::shell(enter + "list table bridge estiba");
  EXPECT_EQ(left.find("elements"), left.rfind("elements")) << left;
  EXPECT_EQ(left.find("p-"), std::string::npos) << left;
}

TEST_F(SendersOnANetwork, WithoutAMacAreRefused) {
  start();
  networks_->create_sandbox("c");
  EndpointRequest request;
  request.network = "one";
  request.mac_address = "02:00:zz:00:00:01";
  EXPECT_THROW(networks_->attach("c", request), Error);
  request.mac_address = "02:00:00:00:00:01";
  EXPECT_EQ(networks_->attach("c", request).mac, request.mac_address);
}

// The gateway would route it back: to a neighbour whom the bridge itself keeps apart.
TEST_F(SendersOnANetwork, AreNotRoutedToTheNeighboursTheyAreKeptFrom) {
  for (const char* no : {"false", "0"}) {
    SCOPED_TRACE(no);
    start({{"com.docker.network.bridge.enable_icc", no}});
    UniqueFd server = lab::bind_udp(netns("b"), 9000);
    UniqueFd honest = lab::udp_client(host_);
    EXPECT_EQ(lab::udp_reaches(honest, b_.address, 9000, server).substr(0, 4), "ping");
    Wire from(netns("a"), "eth0");
    for (int i = 0; i < 5; ++i) {
      from.send({gateway_mac_, lab::mac(a_.mac), lab::type_ip,
                 ip(a_.address, b_.address, 17, udp(9000, 9000, "round"))});
      from.send(
          {gateway_mac_, lab::mac(a_.mac), lab::type_ip6,
           ip(a_.address6, b_.address6, 17, lab::udp6(a_.address6, b_.address6, 9000, "round"))});
      std::string got = lab::udp_reaches(honest, b_.address, 9000, server);
      EXPECT_EQ(got.substr(0, 4), "ping") << "what came before it: " << got;
    }
    for (const char* name : {"a", "b"}) networks_->remove_sandbox(name);
    networks_->remove("one");
    networks_->release_host();
  }
}

TEST_F(SendersOnANetwork, DoNotPassThroughAContainerOfTwoNetworks) {
  start();
  NetworkSpec inner;
  inner.name = "inner";
  inner.internal = inner.ipv6 = true;
  networks_->create(inner);
  Lease c = container(*networks_, "c", {"inner"}).leases[0];
  auto between = container(*networks_, "between", {"one", "inner"}).leases;
  UniqueFd middle = netns("between");
  ScopedNetns there(middle);
  for (const char* family : {"ipv4", "ipv6"})
    for (const auto& name : fs::list_dir(cat("/proc/sys/net/", family, "/conf")))
      EXPECT_EQ(read_sysctl(cat(family, "/conf/", name, "/forwarding")), "0") << family << name;
  UniqueFd server = lab::bind_udp(netns("b"), 9000);
  Wire from(netns("c"), "eth0");
  for (int i = 0; i < 5; ++i) {
    from.send({lab::mac(between[1].mac), lab::mac(c.mac), lab::type_ip,
               ip(c.address, b_.address, 17, udp(9000, 9000, "through"))});
    std::string got = lab::udp_reaches(lab::udp_client(host_), b_.address, 9000, server);
    EXPECT_EQ(got.substr(0, 4), "ping") << got;
  }
}

}  // namespace
}  // namespace estiba::net
