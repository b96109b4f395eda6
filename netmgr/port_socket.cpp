#include "netmgr/port_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "base/error.hpp"

namespace estiba::net {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address, uint16_t port) {
  SocketAddress out;
  std::string bytes = address.bytes();
  if (address.family == Family::v4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    std::memcpy(&in->sin_addr, bytes.data(), bytes.size());
    out.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&out.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(port);
    std::memcpy(&in->sin6_addr, bytes.data(), bytes.size());
    out.size = sizeof *in;
  }
  return out;
}

uint16_t bound_port(FdRef fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(fd.get(), address.get(), &address.size) != 0) return 0;
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

std::string where(const Address& address, uint16_t port) {
  std::string text = to_text(address);
  if (address.family == Family::v6) text = cat("[", text, "]");
  return cat(text, ":", std::to_string(port));
}

[[noreturn]] void refuse(const PortMapping& mapping, const Address& address, uint16_t port,
                         int code) {
  if (code == EADDRINUSE) {
    std::string holder = holder_of_port(mapping.protocol, port);
    std::string by = holder.empty() ? "" : cat(" by ", holder);
    throw Error(cat("port ", std::to_string(port), " is already in use", by))
        .within(cat("publishing ", where(address, port), "/", mapping.protocol));
  }
  if (code == EADDRNOTAVAIL)
    throw Error(cat("cannot publish on ", where(address, port), ": this host has no such address"));
  throw Error{"bind", where(address, port), Errno{code}};
}

// Nothing where the host has no IPv6 and was not asked for an IPv6 address by name.
std::optional<UniqueFd> bind_one(const PortMapping& mapping, const Address& address,
                                 uint16_t port) {
  bool tcp = mapping.protocol == "tcp";
  bool v6 = address.family == Family::v6;
  UniqueFd fd{::socket(v6 ? AF_INET6 : AF_INET,
                       (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  bool optional = v6 && mapping.host_ip.empty();
  if (!fd && optional) return std::nullopt;
  if (!fd) throw Error{"socket", where(address, port), Errno{errno}};
  int on = 1;
  if (v6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Connections of an earlier holder that linger are no conflict; for UDP it would allow two.
  if (tcp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  SocketAddress target = socket_address(address, port);
  bool bound = ::bind(fd.get(), target.get(), target.size) == 0 &&
               (!tcp || ::listen(fd.get(), SOMAXCONN) == 0);
  if (bound) return fd;
  int code = errno;
  if (optional && (code == EADDRNOTAVAIL || code == EAFNOSUPPORT)) return std::nullopt;
  refuse(mapping, address, port, code);
}

std::vector<PortSocket> bind_all(const std::string& container_id, PortMapping mapping) {
  std::vector<PortSocket> sockets;
  for (const Address& address : bind_addresses(mapping)) {
    auto fd = bind_one(mapping, address, mapping.host_port);
    if (!fd) continue;
    mapping.host_port = bound_port(*fd);  // the second address must get what the first one got
    sockets.push_back({socket_name(container_id, mapping, address), mapping.protocol, address,
                       mapping.host_port, mapping.container_port, std::move(*fd)});
  }
  return sockets;
}

}  // namespace

std::vector<Address> bind_addresses(const PortMapping& mapping) {
  if (mapping.host_ip.empty()) return {{Family::v4, 0}, {Family::v6, 0}};
  auto address = parse_address(mapping.host_ip);
  if (!address)
    throw Error(cat("cannot publish on \"", mapping.host_ip, "\": it is not an IP address"));
  return {*address};
}

std::string socket_name(const std::string& container_id, const PortMapping& mapping,
                        const Address& address) {
  return cat("port/", container_id, "/", mapping.protocol, "/", to_text(address), "/",
             std::to_string(mapping.host_port));
}

std::vector<PortSocket> bind_port(const std::string& container_id, const PortMapping& mapping) {
  if (mapping.protocol != "tcp" && mapping.protocol != "udp")
    throw Error(cat("cannot publish a port of protocol \"", mapping.protocol,
                    "\": only tcp and udp are published"));
  constexpr int tries = 16;  // the kernel's choice for IPv4 may be taken in IPv6
  for (int i = 0;; ++i) {
    try {
      return bind_all(container_id, mapping);
    } catch (const Error&) {
      if (mapping.host_port != 0 || i == tries) throw;
    }
  }
}

}  // namespace estiba::net
