// Ethernet frames as a container with NET_RAW can write them, and sockets that send and see them.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "netmgr/address.hpp"

namespace estiba::net::lab {

/// Six bytes; "ff:ff:ff:ff:ff:ff" is everybody.
std::string mac(const std::string& text);
std::string arp(uint16_t operation, const std::string& sender_mac, const std::string& sender,
                const std::string& target);
/// The payload behind a header of IPv4 or IPv6, whichever the addresses are.
std::string ip(const std::string& source, const std::string& destination, uint8_t protocol,
               const std::string& payload);
std::string udp(uint16_t source, uint16_t destination, const std::string& data);
/// With the checksum that IPv6 insists on.
std::string udp6(const std::string& source, const std::string& destination, uint16_t port,
                 const std::string& data);
/// A neighbour advertisement (136) or solicitation (135) about `target`, or of another type.
std::string icmp6(uint8_t type, const std::string& target);

constexpr uint16_t type_ip = 0x0800;
constexpr uint16_t type_arp = 0x0806;
constexpr uint16_t type_vlan = 0x8100;
constexpr uint16_t type_ip6 = 0x86dd;

struct Frame {
  std::string to, from;
  uint16_t type = type_ip;
  std::string payload;
};

/// Sees and sends whole frames on one interface of a namespace.
class Wire {
 public:
  Wire(FdRef netns, const std::string& interface);
  void send(const Frame& frame) const;
  /// The frames that came in, in order, up to one that holds `last`; fails the test if that one
  /// does not come.
  std::vector<std::string> frames_until(const std::string& last) const;

 private:
  UniqueFd fd_;
};

}  // namespace estiba::net::lab
