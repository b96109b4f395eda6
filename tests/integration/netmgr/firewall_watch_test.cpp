#include "netmgr/firewall_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "lab.hpp"
#include "netmgr/firewall/apply.hpp"
#include "netmgr/names.hpp"

namespace estiba::net {
namespace {

using lab::accept_from;
using lab::listen_tcp;
using lab::shell;
using lab::try_connect;
using std::chrono::milliseconds;

class FirewallRules : public lab::Lab {
 protected:
  void SetUp() override {
    Lab::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start();
    NetworkSpec spec;
    for (const char* name : {"one", "two"}) {
      spec.name = name;
      networks_->create(spec);
    }
    container(*networks_, "a", {"one"});
    container(*networks_, "b", {"two"});
    stale_ = shell("nft -s list ruleset");
    networks_->publish("b", {{"", 8080, 80, "tcp"}});
    run(milliseconds(150));
    server_ = listen_tcp(netns_of(*networks_, "b"), 80);
    outside_ = listen_tcp(neighbour_, 80);
  }
  void start() {
    networks_.emplace(config(), nullptr);
    watch_.emplace(io_, *networks_);
  }
  void TearDown() override {
    watch_.reset();
    Lab::TearDown();
  }
  void run(milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }
  std::string table() const { return HostNames::of(config().run_dir).table(); }
  static std::string rules() { return shell("nft -s list ruleset"); }
  uint64_t handle() const { return Nfnetlink().shape(table(), {}).value().handle; }
  void expect_whole(const std::string& rules_before) {
    for (int i = 0; i < 100 && rules() != rules_before; ++i) run(milliseconds(20));
    EXPECT_EQ(rules(), rules_before);
    EXPECT_EQ(try_connect(neighbour_, lab::host_address, 8080), 0);
    EXPECT_EQ(accept_from(server_), lab::neighbour_address);
    EXPECT_EQ(try_connect(netns_of(*networks_, "a"), lab::neighbour_address, 80), 0);
    EXPECT_EQ(accept_from(outside_), lab::host_address);
    EXPECT_NE(
        try_connect(netns_of(*networks_, "a"), networks_->sandbox("b")->leases[0].address, 80), 0);
  }

  boost::asio::io_context io_;
  std::optional<Networks> networks_;
  std::optional<FirewallWatch> watch_;
  std::string stale_;
  UniqueFd server_, outside_;
};

TEST_F(FirewallRules, ComeBackByThemselvesWhateverSomebodyTook) {
  std::string before = rules();
  fs::write_atomic(dir_ + "/stale.nft", cat("flush ruleset\n", stale_));
  fs::write_atomic(dir_ + "/other.nft",
                   "flush ruleset\ntable inet filter {\nchain input {\n}\n}\n");
  for (const std::string& damage :
       {cat("flush ruleset"), cat("delete table inet ", table()), cat("flush table inet ", table()),
        cat("flush chain inet ", table(), " isolate"), cat("flush map inet ", table(), " tcp4"),
        cat("-f ", dir_, "/stale.nft"), cat("flush ruleset")}) {
    SCOPED_TRACE(damage);
    shell(cat("nft ", damage));
    EXPECT_NE(rules(), before);
    expect_whole(before);
  }
  shell(cat("nft -f ", dir_, "/other.nft"));
  expect_whole(cat(shell("nft -s list table inet filter"), before));
}

TEST_F(FirewallRules, AreLeftAloneWhenOthersChangeTheirOwnAndWhenWeChangeOurs) {
  uint64_t before = handle();
  for (int i = 0; i < 3; ++i) {
    shell("nft 'add table inet other; add chain inet other c; delete table inet other'");
    networks_->unpublish("b");
    run(milliseconds(150));
    networks_->publish("b", {{"", 8080, 80, "tcp"}, {"127.0.0.1", 5353, 53, "udp"}});
    run(milliseconds(150));
  }
  EXPECT_EQ(handle(), before);
}

TEST_F(FirewallRules, GoWithTheLastNetworkAndStayAway) {
  for (const char* name : {"a", "b"}) networks_->remove_sandbox(name);
  for (const char* name : {"one", "two"}) networks_->remove(name);
  networks_->release_host();
  run(milliseconds(300));
  EXPECT_EQ(rules(), "");
}

TEST_F(FirewallRules, AreMadeAgainByAServerThatDidNotSeeThemGo) {
  std::string before = rules();
  watch_.reset();
  networks_.reset();
  shell("nft flush ruleset");
  start();
  expect_whole(before);
}

TEST_F(FirewallRules, AreTriedAgainWhenTheyCannotBeMade) {
  std::string before = rules();
  shell("mount --bind /dev/null /usr/sbin/nft");
  watch_.reset();
  watch_.emplace(io_, *networks_);
  shell("umount /usr/sbin/nft");
  shell("nft flush ruleset");
  run(milliseconds(1200));
  expect_whole(before);
}

}  // namespace
}  // namespace estiba::net
