// A host of its own for tests: the process moves into a new network and mount namespace, so that
// nothing on the machine is touched and nothing is left over. A neighbour on its outer link is a
// second namespace. Sockets are made in a namespace and used from anywhere.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "netmgr/network.hpp"

namespace estiba::net::lab {

constexpr const char* host_address = "192.0.2.1";
constexpr const char* neighbour_address = "192.0.2.2";

/// Runs a shell command; its output. Fails the test if it fails.
std::string shell(const std::string& command);

UniqueFd open_netns(const std::string& path);
/// Listens on every address of a namespace.
UniqueFd listen_tcp(FdRef netns, uint16_t port);
UniqueFd bind_udp(FdRef netns, uint16_t port);

/// 0 when the connection stands, else errno; ETIMEDOUT after a short while.
int try_connect(FdRef netns, const std::string& address, uint16_t port);
/// Accepts what waits (for a short while) and tells the client's address; empty if nothing came.
std::string accept_from(FdRef listener);
/// Sends a datagram and says what `server` got within a short while: "text from ADDRESS".
std::string udp_reaches(FdRef client, const std::string& address, uint16_t port, FdRef server);
UniqueFd udp_client(FdRef netns);

/// Remembers what a keeper would keep.
class KeptFds : public FdStore {
 public:
  void put(const std::string& name, FdRef fd) override;
  void drop(const std::string& name) override { kept.erase(name); }
  std::map<std::string, UniqueFd> kept;
};

class Lab : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  /// What a reboot leaves of the run directory: nothing.
  void TearDownRunDir();

  Networks::Config config() const { return {dir_ + "/run", dir_ + "/root"}; }
  /// A sandbox on the networks, with `name` as its service name.
  Sandbox container(Networks& networks, const std::string& name,
                    const std::vector<std::string>& on);
  UniqueFd netns_of(Networks& networks, const std::string& container);
  /// Links, addresses, routes, rules and mounts as text: the same before and after.
  std::string host_state() const;
  /// Waits until it is as it was; namespaces go asynchronously.
  void expect_host_state(const std::string& before) const;

  UniqueFd host_, neighbour_;
  std::string dir_;
};

}  // namespace estiba::net::lab
