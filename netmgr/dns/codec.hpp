// DNS messages (RFC 1035, EDNS of RFC 6891) as far as a server of short answers needs them: reads
// one question, writes answers. Pure, and safe with any bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netmgr/address.hpp"

namespace estiba::net::dns {

enum class Type : uint16_t { a = 1, ptr = 12, aaaa = 28, any = 255 };
enum class Rcode : uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5
};
enum class Transport { udp, tcp };

constexpr size_t header_size = 12;
constexpr size_t classic_udp_size = 512;
constexpr size_t largest_udp_size = 4096;

struct Query {
  uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;        ///< lower case, dots between labels, none at the end
  bool plain_name = true;  ///< false: a label has a dot or a byte that is not printable
  uint16_t type = 0;
  uint16_t klass = 0;
  std::string question;  ///< as received, to be repeated in the answer
  bool edns = false;
  size_t udp_size = classic_udp_size;  ///< what the asker can take
};

/// What to do with a packet that is not a query we can answer.
struct Malformed {
  std::string reply;  ///< empty: drop it
};

struct Parsed {
  std::optional<Query> query;
  Malformed malformed;
};
Parsed parse_query(std::string_view packet);

struct Record {
  Type type = Type::a;
  std::string data;  ///< as it stands in the message: address bytes, or an encoded name
};
Record address_record(const Address& address);
/// Labels longer than 63 bytes are cut.
Record name_record(std::string_view name);

struct Answer {
  Rcode rcode = Rcode::no_error;
  std::vector<Record> records;
};
/// The reply; over UDP cut to what the asker takes, with the truncation bit.
std::string encode(const Query& query, const Answer& answer, Transport transport);

/// "10.77.1.2" of "2.1.77.10.in-addr.arpa", and so for ip6.arpa.
std::optional<Address> reverse_address(std::string_view name);

/// Whether a packet from upstream answers this query: a response to the same question.
bool is_reply_to(std::string_view packet, uint16_t id, const Query& query);
void set_id(std::string& packet, uint16_t id);

}  // namespace estiba::net::dns
