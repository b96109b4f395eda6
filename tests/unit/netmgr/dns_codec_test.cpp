#include <gtest/gtest.h>

#include <random>

#include "base/text.hpp"
#include "netmgr/dns/codec.hpp"

namespace estiba::net::dns {
namespace {

std::string hex_of(std::string_view bytes) {
  return text::hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string label(std::string_view text) {
  return std::string(1, static_cast<char>(text.size())) + std::string(text);
}

// id 0x1234, recursion desired, one question.
std::string query(std::string name_bytes, char type, std::string additional = "") {
  std::string packet("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00", 11);
  packet += additional.empty() ? '\0' : '\1';
  packet += name_bytes + std::string(1, '\0');
  packet += std::string(1, '\0') + type + std::string("\0\1", 2);
  return packet + additional;
}

std::string edns(uint16_t size) {
  std::string out("\0\0\x29", 3);
  out += static_cast<char>(size >> 8);
  out += static_cast<char>(size);
  return out + std::string(6, '\0');
}

TEST(DnsCodec, ReadsAQuestionInLowerCase) {
  auto parsed = parse_query(query(label("WeB") + label("One"), 1));
  ASSERT_TRUE(parsed.query);
  EXPECT_EQ(parsed.query->name, "web.one");
  EXPECT_EQ(parsed.query->type, 1);
  EXPECT_EQ(parsed.query->id, 0x1234);
  EXPECT_TRUE(parsed.query->recursion_desired);
  EXPECT_FALSE(parsed.query->edns);
  EXPECT_TRUE(parsed.query->plain_name);
  EXPECT_FALSE(parse_query(query(label("a.b"), 1)).query->plain_name);
}

TEST(DnsCodec, WritesAnAnswerThatRepeatsTheQuestion) {
  auto parsed = parse_query(query(label("Web"), 1));
  Answer answer{Rcode::no_error, {address_record(*parse_address("10.77.1.2"))}};
  EXPECT_EQ(hex_of(encode(*parsed.query, answer, Transport::udp)),
            "1234"
            "8580"
            "0001"
            "0001"
            "0000"
            "0000"
            "0357656200"
            "0001"
            "0001"
            "c00c"
            "0001"
            "0001"
            "00000001"
            "0004"
            "0a4d0102");
}

TEST(DnsCodec, AnswersEdnsWithEdns) {
  auto parsed = parse_query(query(label("web"), 1, edns(1232)));
  EXPECT_EQ(parsed.query->udp_size, 1232u);
  std::string reply = encode(*parsed.query, {}, Transport::udp);
  EXPECT_EQ(hex_of(reply.substr(reply.size() - 11)),
            "00"
            "0029"
            "1000"
            "00000000"
            "0000");
}

TEST(DnsCodec, KeepsTheAskersSizeWithinBounds) {
  EXPECT_EQ(parse_query(query(label("web"), 1, edns(100))).query->udp_size, 512u);
  EXPECT_EQ(parse_query(query(label("web"), 1, edns(65535))).query->udp_size, 4096u);
}

TEST(DnsCodec, TruncatesOverUdpAlone) {
  auto parsed = parse_query(query(label("web"), 1));
  Answer answer;
  for (int i = 0; i < 40; ++i) answer.records.push_back(address_record({Family::v4, 7}));
  std::string udp = encode(*parsed.query, answer, Transport::udp);
  EXPECT_LE(udp.size(), 512u);
  EXPECT_TRUE(udp[2] & 0x02) << "TC";
  std::string tcp = encode(*parsed.query, answer, Transport::tcp);
  EXPECT_FALSE(tcp[2] & 0x02);
  EXPECT_EQ(tcp.size(), 12u + 9 + 40 * 16);
  answer.records.resize(30);
  EXPECT_FALSE(encode(*parsed.query, answer, Transport::udp)[2] & 0x02) << "thirty fit";
}

TEST(DnsCodec, RejectsWhatItCannotAnswer) {
  std::string packet = query(label("web"), 1);
  EXPECT_EQ(parse_query("short").malformed.reply, "");
  std::string response = packet;
  response[2] = static_cast<char>(0x81);
  EXPECT_EQ(parse_query(response).malformed.reply, "") << "no reply to a reply";
  std::string notify = packet;
  notify[2] = 0x20;
  EXPECT_EQ(hex_of(parse_query(notify).malformed.reply).substr(0, 8), "12348084");
  std::string two = packet;
  two[5] = 2;
  EXPECT_EQ(hex_of(parse_query(two).malformed.reply).substr(0, 8), "12348181");
  EXPECT_FALSE(parse_query(query("\xc0\x0c", 1)).query) << "a question is never compressed";
  EXPECT_FALSE(parse_query(packet.substr(0, packet.size() - 1)).query);
}

TEST(DnsCodec, ReadsReverseNames) {
  EXPECT_EQ(to_text(*reverse_address("2.1.77.10.in-addr.arpa")), "10.77.1.2");
  EXPECT_EQ(to_text(*reverse_address("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.7."
                                     "d.f.ip6.arpa")),
            "fd77::2");
  EXPECT_FALSE(reverse_address("1.77.10.in-addr.arpa"));
  EXPECT_FALSE(reverse_address("x.1.77.10.in-addr.arpa"));
  EXPECT_FALSE(reverse_address("web"));
}

TEST(DnsCodec, TakesOnlyTheReplyThatWasAskedFor) {
  auto asked = parse_query(query(label("web"), 1));
  std::string reply = encode(*asked.query, {}, Transport::udp);
  EXPECT_TRUE(is_reply_to(reply, 0x1234, *asked.query));
  EXPECT_FALSE(is_reply_to(reply, 0x1235, *asked.query));
  EXPECT_FALSE(is_reply_to(query(label("web"), 1), 0x1234, *asked.query)) << "a query";
  auto other = parse_query(query(label("wex"), 1));
  EXPECT_FALSE(is_reply_to(encode(*other.query, {}, Transport::udp), 0x1234, *asked.query));
  set_id(reply, 0x4321);
  EXPECT_TRUE(is_reply_to(reply, 0x4321, *asked.query));
}

TEST(DnsCodec, CutsWhatDoesNotFitIntoAName) {
  EXPECT_EQ(name_record(std::string(100, 'a') + ".b").data.size(), 1 + 63 + 2 + 1u);
  EXPECT_LE(name_record(std::string(999, '.') + std::string(300, 'a')).data.size(), 255u);
}

TEST(DnsCodec, SurvivesAnyBytes) {
  std::mt19937 random(7);
  std::string seed = query(label("web") + label("project_default"), 1, edns(4096));
  auto query_for_replies = *parse_query(seed).query;
  for (int i = 0; i < 200000; ++i) {
    std::string packet = seed;
    for (auto n = random() % 6; n > 0; --n)
      packet[random() % packet.size()] = static_cast<char>(random());
    if (random() % 3 == 0) packet.resize(random() % (packet.size() + 1));
    if (random() % 5 == 0) packet += std::string(random() % 40, static_cast<char>(random()));
    auto parsed = parse_query(packet);
    if (parsed.query) {
      EXPECT_LE(
          encode(*parsed.query, {Rcode::no_error, {address_record({})}}, Transport::udp).size(),
          4096u);
      reverse_address(parsed.query->name);
    }
    is_reply_to(packet, 0x1234, query_for_replies);
  }
}

}  // namespace
}  // namespace estiba::net::dns
