// IPv4 and IPv6 addresses and prefixes as numbers. Pure.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace estiba::net {

enum class Family { v4, v6 };

__extension__ typedef unsigned __int128 AddressNumber;

struct Address {
  Family family = Family::v4;
  AddressNumber number = 0;

  auto operator<=>(const Address&) const = default;
  /// Network byte order: 4 or 16 bytes.
  std::string bytes() const;
};

std::optional<Address> parse_address(std::string_view text);
/// From 4 or 16 bytes in network byte order.
std::optional<Address> address_of(std::string_view bytes);
std::string to_text(const Address& address);
Address operator+(const Address& address, AddressNumber offset);
bool is_loopback(const Address& address);

struct Prefix {
  Address base;  ///< host bits are zero
  int length = 0;

  bool operator==(const Prefix&) const = default;
  bool contains(const Address& address) const;
  bool overlaps(const Prefix& other) const;
  /// How many addresses it has, at most 2^64.
  AddressNumber size() const;
  Address last() const;
};

/// The prefix an address lies in.
Prefix prefix_of(const Address& address, int length);
/// "10.77.1.0/24". Host bits are cleared; nothing without a valid length.
std::optional<Prefix> parse_prefix(std::string_view text);
std::string to_text(const Prefix& prefix);

}  // namespace estiba::net
