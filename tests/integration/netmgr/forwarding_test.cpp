// What becomes of a host that forwards for its containers' sake.
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.hpp"
#include "lab.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

using lab::listen_tcp;
using lab::shell;
using lab::try_connect;

constexpr const char* far = "198.51.100.2";
constexpr const char* far6 = "2001:db8:2::2";

/// A host between two neighbours, each of which sends what is for the other to the host.
class AHostBetweenNeighbours : public lab::Lab {
 protected:
  void SetUp() override {
    Lab::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    {
      ScopedNetns inside;
      far_ = current_netns();
    }
    shell(cat("ip link add out2 type veth peer name out3 netns /proc/", std::to_string(::getpid()),
              "/fd/", std::to_string(far_.get()), "; ip addr add 198.51.100.1/24 dev out2; ",
              "ip link set out2 up; echo 0 > /proc/sys/net/ipv6/conf/out0/disable_ipv6; ",
              "ip -6 addr add 2001:db8:1::1/64 dev out0 nodad; ",
              "ip -6 addr add 2001:db8:2::1/64 dev out2 nodad"));
    {
      ScopedNetns there(far_);
      shell(
          cat("ip addr add ", far, "/24 dev out3; ip -6 addr add ", far6,
              "/64 dev out3 nodad; ip link set out3 up; "
              "ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:2::1"));
    }
    ScopedNetns there(neighbour_);
    shell(cat("ip -6 addr add 2001:db8:1::2/64 dev out1 nodad; ip route add default via ",
              lab::host_address, "; ip -6 route add default via 2001:db8:1::1"));
    // The kernel joins the groups of an IPv6 address later, so the first questions may be lost.
    for (int i = 0; i < 20 && try_connect(neighbour_, "2001:db8:1::1", 9) != ECONNREFUSED; ++i) {
    }
    for (int i = 0; i < 20 && try_connect(far_, "2001:db8:2::1", 9) != ECONNREFUSED; ++i) {
    }
  }

  static NetworkSpec with_ipv6(const std::string& name) {
    NetworkSpec spec;
    spec.name = name;
    spec.ipv6 = true;
    return spec;
  }
  Networks::Config other_config() const { return {dir_ + "/run2", dir_ + "/root2"}; }
  static void forwards(const char* value) {
    write_sysctl("ipv4/ip_forward", value);
    write_sysctl("ipv6/conf/all/forwarding", value);
  }
  static std::string sysctls() {
    return cat(read_sysctl("ipv4/ip_forward"), read_sysctl("ipv6/conf/all/forwarding"));
  }
  static std::string advertisements() {
    return cat(read_sysctl("ipv6/conf/out0/accept_ra"), read_sysctl("ipv6/conf/out2/accept_ra"));
  }
  /// Which families reach the far neighbour through the host.
  std::string routed() {
    UniqueFd server = listen_tcp(far_, 80);
    std::string out;
    if (try_connect(neighbour_, far, 80) == 0) out += "4";
    if (try_connect(neighbour_, far6, 80) == 0) out += "6";
    return out;
  }

  UniqueFd far_;
};

TEST_F(AHostBetweenNeighbours, IsNoRouterForThem) {
  ASSERT_EQ(sysctls(), "00");
  Networks networks(config(), nullptr);
  networks.create(with_ipv6("one"));
  container(networks, "a", {"one"});
  UniqueFd server = listen_tcp(neighbour_, 80);
  EXPECT_EQ(try_connect(netns_of(networks, "a"), lab::neighbour_address, 80), 0);
  int code = ETIMEDOUT;
  for (int i = 0; i < 10 && code == ETIMEDOUT; ++i)
    code = try_connect(netns_of(networks, "a"), "2001:db8:1::2", 80);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(routed(), "");
  shell("nft flush ruleset");
  networks.ensure("one");
  EXPECT_EQ(routed(), "") << "after the rules were made again";
  networks.remove_sandbox("a");
  networks.remove("one");
  EXPECT_EQ(sysctls(), "00");
  EXPECT_EQ(routed(), "");
}

TEST_F(AHostBetweenNeighbours, StaysTheRouterItWas) {
  forwards("1");
  {
    Networks networks(config(), nullptr);
    networks.create(with_ipv6("one"));
    EXPECT_EQ(routed(), "46");
    networks.remove("one");
  }
  EXPECT_EQ(sysctls(), "11");
  EXPECT_EQ(routed(), "46");
}

TEST_F(AHostBetweenNeighbours, GetsEachFamilyBackWithItsLastNetwork) {
  write_sysctl("ipv6/conf/out0/accept_ra", "1");
  write_sysctl("ipv6/conf/out2/accept_ra", "2");
  Networks networks(config(), nullptr);
  NetworkSpec plain;
  plain.name = "plain";
  networks.create(plain);
  EXPECT_EQ(sysctls(), "10");
  networks.create(with_ipv6("six"));
  EXPECT_EQ(sysctls(), "11");
  EXPECT_EQ(advertisements(), "22");
  networks.remove("six");
  EXPECT_EQ(sysctls(), "10");
  EXPECT_EQ(advertisements(), "12");
  write_sysctl("ipv6/conf/all/forwarding", "1");  // somebody else's wish, now
  EXPECT_EQ(routed(), "6");
  networks.remove("plain");
  EXPECT_EQ(sysctls(), "01");
}

TEST_F(AHostBetweenNeighbours, IsPutBackByTheNextServerAfterACrash) {
  { Networks(config(), nullptr).create(with_ipv6("one")); }
  EXPECT_EQ(sysctls(), "11");
  {
    Networks next(config(), nullptr);
    EXPECT_EQ(sysctls(), "11");
    next.remove("one");
  }
  EXPECT_EQ(sysctls(), "00");
  { Networks(config(), nullptr).create(with_ipv6("two")); }
  // A crash between the record's end and the namespace's, and somebody who flushed the rules.
  shell(cat("rm ", config().state_dir, "/networks/two.json; nft flush ruleset"));
  Networks next(config(), nullptr);
  EXPECT_EQ(sysctls(), "00");
  EXPECT_EQ(shell("ip -o link | grep -c est- || true"), "0\n");
}

TEST_F(AHostBetweenNeighbours, IsPutBackThoughSomebodyRemovedTheUplink) {
  Networks networks(config(), nullptr);
  networks.create(with_ipv6("one"));
  std::string remove =
      "ip -o link | sed -n 's/.* \\(est-[^@]*\\)@.*/\\1/p' | xargs -n1 ip link del";
  shell(remove);
  networks.ensure("one");
  EXPECT_EQ(routed(), "");
  shell(remove);
  networks.remove("one");
  EXPECT_EQ(sysctls(), "00");
}

TEST_F(AHostBetweenNeighbours, IsPutBackByTheLastOfTwoServers) {
  Networks first(config(), nullptr), second(other_config(), nullptr);
  first.create(with_ipv6("one"));
  second.create(with_ipv6("two"));
  container(second, "b", {"two"});
  UniqueFd server = listen_tcp(neighbour_, 80);
  first.remove("one");
  first.release_host();
  EXPECT_EQ(sysctls(), "11");
  EXPECT_EQ(try_connect(netns_of(second, "b"), lab::neighbour_address, 80), 0);
  EXPECT_EQ(routed(), "");
  second.remove_sandbox("b");
  second.remove("two");
  second.release_host();
  EXPECT_EQ(sysctls(), "00");
  for (const char* pinned : {"netns", "sandboxes"})
    shell(cat("umount ", dir_, "/run2/", pinned, "/* 2>/dev/null || true"));
}

}  // namespace
}  // namespace estiba::net
