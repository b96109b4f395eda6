#include "netmgr/port_proxy.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/error.hpp"
#include "lab.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

using std::chrono::milliseconds;

class Proxied : public lab::Lab {
 protected:
  void SetUp() override {
    Lab::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    networks_.emplace(config(), nullptr);
    NetworkSpec spec;
    spec.name = "one";
    networks_->create(spec);
    container(*networks_, "web", {"one"});
    server_ = lab::listen_tcp(netns_of(*networks_, "web"), 80);
    networks_->publish("web", {{"", 8080, 80, "tcp"}});
    proxy_.emplace(io_, *networks_);
    proxy_->sync();
  }
  void TearDown() override {
    proxy_.reset();
    run();
    Lab::TearDown();
  }

  void run() {
    io_.restart();
    io_.run_for(milliseconds(2));
  }
  // Calls f until it is true, running the proxy meanwhile.
  bool eventually(const std::function<bool()>& f) {
    for (int i = 0; i < 1500; ++i) {
      if (f()) return true;
      run();
    }
    return false;
  }
  UniqueFd connect_loopback6(uint16_t port = 8080) {
    UniqueFd fd{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(port);
    target.sin6_addr = in6addr_loopback;
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&target), sizeof target), 0);
    return fd;
  }
  UniqueFd accepted() {
    UniqueFd fd;
    eventually([&] {
      fd = UniqueFd{::accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      return static_cast<bool>(fd);
    });
    return fd;
  }
  // Everything until the end of the stream, at most `most` bytes.
  std::string receive(FdRef fd, size_t most) {
    std::string all;
    eventually([&] {
      std::string part(65536, '\0');
      ssize_t got = ::recv(fd.get(), part.data(), part.size(), MSG_DONTWAIT);
      if (got > 0) all.append(part, 0, static_cast<size_t>(got));
      return got == 0 || all.size() >= most || (got < 0 && errno == ECONNRESET);
    });
    return all;
  }

  boost::asio::io_context io_;
  std::optional<Networks> networks_;
  std::optional<PortProxy> proxy_;
  UniqueFd server_;
};

TEST_F(Proxied, LoopbackOfIPv6ReachesTheContainerBothWays) {
  UniqueFd client = connect_loopback6();
  UniqueFd server = accepted();
  ASSERT_TRUE(server);
  ::send(client.get(), "hello", 5, 0);
  EXPECT_EQ(receive(server, 5), "hello");
  ::send(server.get(), "world", 5, 0);
  EXPECT_EQ(receive(client, 5), "world");
}

TEST_F(Proxied, TheEndOfOneDirectionLeavesTheOther) {
  UniqueFd client = connect_loopback6();
  UniqueFd server = accepted();
  ASSERT_TRUE(server);
  ::send(client.get(), "question", 8, 0);
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(receive(server, 1000), "question");
  ::send(server.get(), "answer", 6, 0);
  server.reset();
  EXPECT_EQ(receive(client, 1000), "answer");
}

TEST_F(Proxied, MuchDataArrivesWholeThroughASlowReader) {
  UniqueFd client = connect_loopback6();
  UniqueFd server = accepted();
  ASSERT_TRUE(server);
  std::string sent;
  for (int i = 0; i < 400000; ++i) sent += cat(std::to_string(i), " ");
  size_t done = 0;
  std::string got;
  bool all = eventually([&] {
    ssize_t put = ::send(client.get(), sent.data() + done, sent.size() - done, MSG_DONTWAIT);
    if (put > 0) done += static_cast<size_t>(put);
    std::string part(30000, '\0');
    ssize_t size = ::recv(server.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (size > 0) got.append(part, 0, static_cast<size_t>(size));
    return got.size() == sent.size();
  });
  EXPECT_TRUE(all);
  EXPECT_TRUE(got == sent);
}

TEST_F(Proxied, WithoutRulesThePortStillWorks) {
  lab::shell("nft flush ruleset");
  EXPECT_EQ(lab::try_connect(neighbour_, lab::host_address, 8080), 0);
  EXPECT_TRUE(accepted());
}

TEST_F(Proxied, AClosedPortOfTheContainerIsAReset) {
  server_.reset();
  UniqueFd client = connect_loopback6();
  char byte = 0;
  int code = 0;
  EXPECT_TRUE(eventually([&] {
    ssize_t got = ::recv(client.get(), &byte, 1, MSG_DONTWAIT);
    code = got < 0 ? errno : 0;
    return got == 0 || code != EAGAIN;
  }));
  EXPECT_EQ(code, ECONNRESET);
}

TEST_F(Proxied, UnpublishingEndsConnections) {
  UniqueFd client = connect_loopback6();
  UniqueFd server = accepted();
  ASSERT_TRUE(server);
  networks_->unpublish("web");
  proxy_->sync();
  char byte = 0;
  EXPECT_TRUE(eventually([&] { return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0; }));
  EXPECT_EQ(lab::try_connect(host_, "::1", 8080), ECONNREFUSED);
}

TEST_F(Proxied, APortThatIsFloodedLeavesTheOthersTheirs) {
  networks_->unpublish("web");
  proxy_->sync();
  run();
  networks_->publish("web", {{"", 8080, 81, "tcp"}, {"", 8081, 80, "tcp"}});
  proxy_->sync();
  UniqueFd slow = lab::listen_tcp(netns_of(*networks_, "web"), 81);
  ::listen(slow.get(), 4096);  // nobody accepts, but the kernel answers
  std::vector<UniqueFd> held;
  for (int i = 0; i < 1100; ++i) {
    held.push_back(connect_loopback6());
    io_.restart();
    io_.poll();
  }
  UniqueFd client = connect_loopback6(8081);
  UniqueFd server = accepted();
  ASSERT_TRUE(server);
  ::send(client.get(), "hello", 5, 0);
  EXPECT_EQ(receive(server, 5), "hello");
}

}  // namespace
}  // namespace estiba::net
