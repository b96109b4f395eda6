#include "frames.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "netmgr/netlink/link.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net::lab {
namespace {

constexpr int patience_ms = 3000;

std::string two(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string bytes_of(const std::string& address) { return parse_address(address)->bytes(); }

unsigned sum_of(const std::string& bytes) {
  unsigned sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    sum += static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) << (i % 2 ? 0 : 8);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

}  // namespace

std::string mac(const std::string& text) { return netlink::mac_bytes(text); }

std::string arp(uint16_t operation, const std::string& sender_mac, const std::string& sender,
                const std::string& target) {
  return cat(two(1), two(type_ip), std::string("\6\4", 2), two(operation), sender_mac,
             bytes_of(sender), std::string(6, '\0'), bytes_of(target));
}

std::string ip(const std::string& source, const std::string& destination, uint8_t protocol,
               const std::string& payload) {
  auto from = bytes_of(source);
  std::string next(1, static_cast<char>(protocol));
  if (from.size() == 16)
    return cat(std::string("\x60\0\0\0", 4), two(static_cast<unsigned>(payload.size())), next,
               "\xff", from, bytes_of(destination), payload);
  std::string head = cat(std::string("\x45\0", 2), two(static_cast<unsigned>(payload.size() + 20)),
                         std::string("\0\1\0\0\x40", 5), next);
  std::string addresses = cat(from, bytes_of(destination));
  return cat(head, two(sum_of(cat(head, two(0), addresses))), addresses, payload);
}

std::string udp(uint16_t source, uint16_t destination, const std::string& data) {
  return cat(two(source), two(destination), two(static_cast<unsigned>(data.size() + 8)), two(0),
             data);
}

std::string udp6(const std::string& source, const std::string& destination, uint16_t port,
                 const std::string& data) {
  std::string packet = udp(port, port, data);
  auto size = static_cast<unsigned>(packet.size());
  unsigned sum = sum_of(
      cat(bytes_of(source), bytes_of(destination), two(0), two(size), two(0), two(17), packet));
  return cat(packet.substr(0, 6), two(sum), data);
}

std::string icmp6(uint8_t type, const std::string& target) {
  return cat(std::string(1, static_cast<char>(type)), std::string("\0\0\0\x20\0\0\0", 7),
             bytes_of(target));
}

Wire::Wire(FdRef netns, const std::string& interface) {
  ScopedNetns there(netns);
  fd_ = UniqueFd{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))};
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0)
    throw Error{"bind", interface, Errno{errno}};
}

void Wire::send(const Frame& frame) const {
  std::string bytes = cat(frame.to, frame.from, two(frame.type), frame.payload);
  ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

std::vector<std::string> Wire::frames_until(const std::string& last) const {
  std::vector<std::string> frames;
  pollfd ready{fd_.get(), POLLIN, 0};
  while (::poll(&ready, 1, patience_ms) == 1) {
    std::string bytes(65536, '\0');
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    ssize_t got = ::recvfrom(fd_.get(), bytes.data(), bytes.size(), 0,
                             reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
    frames.push_back(bytes.substr(0, static_cast<size_t>(got)));
    if (frames.back().find(last) != std::string::npos) return frames;
  }
  ADD_FAILURE() << "the frame with " << last << " did not come";
  return frames;
}

}  // namespace estiba::net::lab
