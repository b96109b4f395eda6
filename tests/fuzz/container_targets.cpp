// What comes from containers: their questions for names, the messages about their starts, and the
// profiles that their files bring.
#include <string>

#include "netmgr/dns/codec.hpp"
#include "promise.hpp"
#include "runtime/launch/messages.hpp"
#include "runtime/launch/wire.hpp"
#include "runtime/security/seccomp.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace net::dns;

void feed_answers(const Query& query) {
  for (Rcode rcode : {Rcode::no_error, Rcode::name_error}) {
    Answer answer{rcode, {name_record(query.name), name_record("a.example.org")}};
    for (int i = 0; i < 100; ++i) answer.records.push_back({Type::a, "abcd"});
    for (Transport transport : {Transport::udp, Transport::tcp}) {
      std::string reply = encode(query, answer, transport);
      promise(reply.size() >= header_size);
      promise(transport == Transport::tcp || reply.size() <= query.udp_size);
      promise(is_reply_to(reply, query.id, query));
    }
  }
}

template <typename Message>
void feed_message(std::string_view bytes) {
  answered([&] {
    std::string once = runtime::wire::encode(runtime::wire::decode<Message>(bytes));
    promise(runtime::wire::encode(runtime::wire::decode<Message>(once)) == once);
  });
}

}  // namespace

void feed_names(std::string_view bytes) {
  Parsed parsed = parse_query(bytes);
  if (parsed.query) {
    feed_answers(*parsed.query);
    is_reply_to(bytes, parsed.query->id, *parsed.query);
    reverse_address(parsed.query->name);
  } else {
    promise(parsed.malformed.reply.empty() || parsed.malformed.reply.size() >= header_size);
  }
  reverse_address(bytes);
}

void feed_wire(std::string_view bytes) {
  feed_message<runtime::ServerMessage>(bytes);
  feed_message<runtime::KeeperMessage>(bytes);
}

void feed_seccomp_profile(std::string_view bytes) {
  constexpr size_t instruction = 8;
  for (uint64_t capabilities : {uint64_t{0}, ~uint64_t{0}})
    told([&] {
      std::string program =
          runtime::seccomp::compile(runtime::seccomp::parse_profile(bytes, capabilities));
      promise(!program.empty() && program.size() % instruction == 0);
    });
}

}  // namespace estiba::fuzz
