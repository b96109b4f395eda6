#include "netmgr/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::net {
namespace {

constexpr int bits(Family family) { return family == Family::v4 ? 32 : 128; }

// The host part of a prefix as ones: 0.0.0.255 for /24.
AddressNumber host_mask(Family family, int length) {
  int host_bits = bits(family) - length;
  return host_bits >= 128 ? ~AddressNumber{0} : (AddressNumber{1} << host_bits) - 1;
}

}  // namespace

std::string Address::bytes() const {
  std::string out(family == Family::v4 ? 4 : 16, '\0');
  AddressNumber rest = number;
  for (auto byte = out.rbegin(); byte != out.rend(); ++byte, rest >>= 8)
    *byte = static_cast<char>(rest & 0xff);
  return out;
}

std::optional<Address> address_of(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address address{bytes.size() == 4 ? Family::v4 : Family::v6, 0};
  for (char byte : bytes) address.number = (address.number << 8) | static_cast<unsigned char>(byte);
  return address;
}

std::optional<Address> parse_address(std::string_view text) {
  std::string copy(text);
  std::array<char, 16> raw{};
  if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) return address_of({raw.data(), 4});
  if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return address_of({raw.data(), 16});
  return std::nullopt;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(address.family == Family::v4 ? AF_INET : AF_INET6, address.bytes().data(), out.data(),
              out.size());
  return out.data();
}

Address operator+(const Address& address, AddressNumber offset) {
  return {address.family, address.number + offset};
}

bool is_loopback(const Address& address) {
  return address.family == Family::v4 ? (address.number >> 24) == 127 : address.number == 1;
}

bool Prefix::contains(const Address& address) const {
  return address.family == base.family && prefix_of(address, length).base == base;
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other.base) || other.contains(base);
}

AddressNumber Prefix::size() const {
  int host_bits = std::min(bits(base.family) - length, 64);
  return AddressNumber{1} << host_bits;
}

Address Prefix::last() const { return {base.family, base.number | host_mask(base.family, length)}; }

Prefix prefix_of(const Address& address, int length) {
  return {{address.family, address.number & ~host_mask(address.family, length)}, length};
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_address(text.substr(0, slash));
  auto length = text::to_uint(text.substr(slash + 1));
  if (!address || !length || *length > static_cast<uint64_t>(bits(address->family)))
    return std::nullopt;
  return prefix_of(*address, static_cast<int>(*length));
}

std::string to_text(const Prefix& prefix) {
  return cat(to_text(prefix.base), "/", std::to_string(prefix.length));
}

}  // namespace estiba::net
