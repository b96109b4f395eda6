#include "netmgr/dns/codec.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace estiba::net::dns {
namespace {

constexpr uint16_t flag_response = 0x8000;
constexpr uint16_t flag_authoritative = 0x0400;
constexpr uint16_t flag_truncated = 0x0200;
constexpr uint16_t flag_recursion_desired = 0x0100;
constexpr uint16_t flag_recursion_available = 0x0080;
constexpr uint16_t opcode_mask = 0x7800;
constexpr uint16_t type_opt = 41;
constexpr uint16_t class_internet = 1;
constexpr size_t largest_name = 255;
constexpr size_t largest_label = 63;
// Short: an address may belong to another container a moment later.
constexpr uint32_t time_to_live = 1;
// A name in an answer is the one in the question: a pointer to behind the header.
constexpr uint16_t pointer_to_question = 0xc000 | header_size;

unsigned char byte_at(std::string_view bytes, size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>((byte_at(bytes, at) << 8) | byte_at(bytes, at + 1));
}

void put16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

void put32(std::string& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

// Reads an uncompressed name (a question's never is compressed) into the query; the place behind
// it, or nothing.
std::optional<size_t> read_name(std::string_view packet, size_t at, Query& query) {
  size_t start = at;
  while (at < packet.size()) {
    size_t length = byte_at(packet, at++);
    if (length == 0) return at;
    if (length > largest_label || at + length > packet.size() || at + length - start > largest_name)
      return std::nullopt;
    if (!query.name.empty()) query.name += '.';
    for (char c : packet.substr(at, length)) {
      query.plain_name = query.plain_name && c > ' ' && c < 127 && c != '.';
      query.name += c;
    }
    at += length;
  }
  return std::nullopt;
}

// Skips any name, compressed or not.
std::optional<size_t> skip_name(std::string_view packet, size_t at) {
  while (at < packet.size()) {
    size_t length = byte_at(packet, at);
    if (length >= 0xc0) return at + 2 <= packet.size() ? std::optional(at + 2) : std::nullopt;
    if (length > largest_label) return std::nullopt;
    at += 1 + length;
    if (length == 0) return at;
  }
  return std::nullopt;
}

// Looks for the OPT pseudo-record among the records behind the question.
void read_edns(std::string_view packet, size_t at, Query& query) {
  size_t records = size_t{number_at(packet, 6)} + number_at(packet, 8) + number_at(packet, 10);
  constexpr size_t fixed_part = 10;
  for (size_t i = 0; i < records; ++i) {
    auto fixed = skip_name(packet, at);
    if (!fixed || *fixed + fixed_part > packet.size()) return;
    if (number_at(packet, *fixed) == type_opt) {
      query.edns = true;
      query.udp_size =
          std::clamp<size_t>(number_at(packet, *fixed + 2), classic_udp_size, largest_udp_size);
      return;
    }
    at = *fixed + fixed_part + number_at(packet, *fixed + 8);
  }
}

std::string header(const Query& query, uint16_t flags, Rcode rcode) {
  std::string out;
  put16(out, query.id);
  if (query.recursion_desired) flags |= flag_recursion_desired;
  put16(out, flags | flag_response | flag_recursion_available | static_cast<uint16_t>(rcode));
  return out;
}

Parsed rejected(const Query& query, Rcode rcode) {
  std::string reply = header(query, 0, rcode);
  reply.append(8, '\0');
  return {std::nullopt, {reply}};
}

std::optional<Address> reverse4(std::string_view head) {
  auto parts = text::split(head, '.');
  std::reverse(parts.begin(), parts.end());
  auto address = parse_address(text::join(parts, "."));
  if (parts.size() != 4 || !address) return std::nullopt;
  return address;
}

std::optional<Address> reverse6(std::string_view head) {
  auto nibbles = text::split(head, '.');
  if (nibbles.size() != 32) return std::nullopt;
  Address address{Family::v6, 0};
  for (auto nibble = nibbles.rbegin(); nibble != nibbles.rend(); ++nibble) {
    auto value = nibble->size() == 1 ? text::to_uint(*nibble, 16) : std::nullopt;
    if (!value) return std::nullopt;
    address.number = (address.number << 4) | *value;
  }
  return address;
}

std::string opt_record() {
  std::string out(1, '\0');  // the root's name
  put16(out, type_opt);
  put16(out, largest_udp_size);
  put32(out, 0);
  put16(out, 0);
  return out;
}

}  // namespace

Parsed parse_query(std::string_view packet) {
  if (packet.size() < header_size) return {};
  uint16_t flags = number_at(packet, 2);
  if (flags & flag_response) return {};  // answering a response would start a loop
  Query query;
  query.id = number_at(packet, 0);
  query.recursion_desired = flags & flag_recursion_desired;
  if (flags & opcode_mask) return rejected(query, Rcode::not_implemented);
  if (number_at(packet, 4) != 1) return rejected(query, Rcode::format_error);
  auto end = read_name(packet, header_size, query);
  if (!end || *end + 4 > packet.size()) return rejected(query, Rcode::format_error);
  query.name = text::lower(query.name);
  query.type = number_at(packet, *end);
  query.klass = number_at(packet, *end + 2);
  query.question = packet.substr(header_size, *end + 4 - header_size);
  read_edns(packet, *end + 4, query);
  return {std::move(query), {}};
}

Record address_record(const Address& address) {
  return {address.family == Family::v4 ? Type::a : Type::aaaa, address.bytes()};
}

Record name_record(std::string_view name) {
  std::string data;
  for (const auto& part : text::split(name, '.')) {
    std::string label = part.substr(0, largest_label);
    if (label.empty() || data.size() + label.size() + 2 > largest_name) continue;
    data += static_cast<char>(label.size());
    data += label;
  }
  data += '\0';
  return {Type::ptr, data};
}

std::string encode(const Query& query, const Answer& answer, Transport transport) {
  std::string opt = query.edns ? opt_record() : "";
  size_t limit = transport == Transport::udp ? query.udp_size : 0xffff;
  size_t room = limit - header_size - query.question.size() - opt.size();
  std::string records;
  size_t count = 0;
  for (const auto& record : answer.records) {
    std::string one;
    put16(one, pointer_to_question);
    put16(one, static_cast<uint16_t>(record.type));
    put16(one, class_internet);
    put32(one, time_to_live);
    put16(one, record.data.size());
    one += record.data;
    if (records.size() + one.size() > room) break;
    records += one;
    ++count;
  }
  uint16_t flags = flag_authoritative;
  if (count < answer.records.size()) flags |= flag_truncated;
  std::string out = header(query, flags, answer.rcode);
  put16(out, 1);
  put16(out, count);
  put16(out, 0);
  put16(out, query.edns ? 1 : 0);
  return out + query.question + records + opt;
}

std::optional<Address> reverse_address(std::string_view name) {
  constexpr std::string_view v4 = ".in-addr.arpa";
  constexpr std::string_view v6 = ".ip6.arpa";
  if (name.ends_with(v4)) return reverse4(name.substr(0, name.size() - v4.size()));
  if (name.ends_with(v6)) return reverse6(name.substr(0, name.size() - v6.size()));
  return std::nullopt;
}

bool is_reply_to(std::string_view packet, uint16_t id, const Query& query) {
  size_t end = header_size + query.question.size();
  if (packet.size() < header_size || number_at(packet, 0) != id) return false;
  if (!(number_at(packet, 2) & flag_response)) return false;
  // A server that could not read the question may leave it out.
  if (number_at(packet, 4) == 0) return (number_at(packet, 2) & 0xf) != 0;
  if (packet.size() < end) return false;
  return text::lower(packet.substr(header_size, query.question.size())) ==
         text::lower(query.question);
}

void set_id(std::string& packet, uint16_t id) {
  if (packet.size() < 2) return;
  packet[0] = static_cast<char>(id >> 8);
  packet[1] = static_cast<char>(id);
}

}  // namespace estiba::net::dns
