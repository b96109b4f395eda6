#include "netmgr/ipam.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.hpp"

namespace estiba::net {
namespace {

constexpr AddressNumber v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (AddressNumber{a} << 24) | (b << 16) | (c << 8) | d;
}

// The /16 blocks that subnets come from, in order of preference. 10.78 is kept for uplinks.
std::vector<Address> subnet_blocks() {
  std::vector<Address> blocks{{Family::v4, v4(10, 77, 0, 0)}};
  for (unsigned i = 79; i < 128; ++i) blocks.push_back({Family::v4, v4(10, i, 0, 0)});
  for (unsigned i = 18; i < 32; ++i) blocks.push_back({Family::v4, v4(172, i, 0, 0)});
  blocks.push_back({Family::v4, v4(192, 168, 0, 0)});
  return blocks;
}

/// What is taken, asked for candidates of one length: a set, however many networks there are.
class Occupied {
 public:
  Occupied(const std::vector<Prefix>& taken, int length) : length_(length) {
    for (const Prefix& prefix : taken) {
      if (prefix.base.family != Family::v4) continue;
      if (prefix.length >= length)
        inside_.insert(prefix_of(prefix.base, length).base);
      else
        wider_.push_back(prefix);
    }
  }
  bool overlaps(const Address& base) const {
    return inside_.contains(base) || std::any_of(wider_.begin(), wider_.end(), [&](auto& prefix) {
             return prefix.contains(base);
           });
  }
  Prefix candidate(const Address& base) const { return {base, length_}; }

 private:
  int length_;
  std::set<Address> inside_;
  std::vector<Prefix> wider_;
};

}  // namespace

std::optional<Prefix> choose_subnet(const std::vector<Prefix>& taken, unsigned start) {
  static const std::vector<Address> blocks = subnet_blocks();
  Occupied occupied(taken, 24);
  for (const Address& block : blocks) {
    for (unsigned i = 0; i < 256; ++i) {
      Address base = block + (AddressNumber{(start + i) % 256} << 8);
      if (!occupied.overlaps(base)) return occupied.candidate(base);
    }
  }
  return std::nullopt;
}

std::optional<Uplink> choose_uplink(const std::vector<Prefix>& taken, unsigned start) {
  // 10.78.0.0/16, and where that is taken, 172.17.0.0/16.
  constexpr std::array<AddressNumber, 2> blocks{v4(10, 78, 0, 0), v4(172, 17, 0, 0)};
  Occupied occupied(taken, 31);
  for (AddressNumber block : blocks) {
    for (unsigned i = 0; i < uplink_candidates; ++i) {
      unsigned index = (start + i) % uplink_candidates;
      Address base{Family::v4, block + 2 * index};
      if (!occupied.overlaps(base)) return Uplink{index, occupied.candidate(base)};
    }
  }
  return std::nullopt;
}

AddressPool address_pool(const IpamPool& pool) {
  auto subnet = parse_prefix(pool.subnet);
  if (!subnet) throw Error(cat("\"", pool.subnet, "\" is not a subnet; write it as 10.5.0.0/16"));
  auto range = pool.ip_range.empty() ? subnet : parse_prefix(pool.ip_range);
  if (!range || !subnet->contains(range->base) || range->length < subnet->length)
    throw Error(cat("ip_range ", pool.ip_range, " is not a part of the subnet ", pool.subnet));
  auto gateway = pool.gateway.empty() ? subnet->base + 1 : parse_address(pool.gateway);
  if (!gateway || !subnet->contains(*gateway))
    throw Error(cat("gateway ", pool.gateway, " is not an address of the subnet ", pool.subnet));
  if (subnet->size() < 4) throw Error(cat("subnet ", pool.subnet, " has no room for a container"));
  return {*subnet, *range, *gateway};
}

bool is_assignable(const AddressPool& pool, const Address& address) {
  bool end = address == pool.subnet.base ||
             (address.family == Family::v4 && address == pool.subnet.last());
  return pool.subnet.contains(address) && !end && address != pool.gateway;
}

std::optional<Address> choose_address(const AddressPool& pool, const std::set<Address>& taken,
                                      const Address& after) {
  // No more tries than there can be taken ones, plus the subnet's ends and the gateway.
  AddressNumber size = pool.range.size();
  AddressNumber tries = std::min<AddressNumber>(size, taken.size() + 4);
  AddressNumber offset = pool.range.contains(after) ? after.number - pool.range.base.number : 0;
  for (AddressNumber i = 1; i <= tries; ++i) {
    Address candidate = pool.range.base + (offset + i) % size;
    if (is_assignable(pool, candidate) && !taken.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

std::string mac_for(const Address& address) {
  auto byte = [&](int shift) { return static_cast<unsigned>((address.number >> shift) & 0xff); };
  std::array<char, 18> out{};
  std::snprintf(out.data(), out.size(), "02:e5:%02x:%02x:%02x:%02x", byte(24), byte(16), byte(8),
                byte(0));
  return out.data();
}

}  // namespace estiba::net
