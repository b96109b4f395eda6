#include "netmgr/netlink/message.hpp"

#include <algorithm>

namespace estiba::net::netlink {
namespace {

constexpr size_t aligned(size_t size) { return (size + 3) & ~size_t{3}; }

}  // namespace

Message::Message(uint16_t type, int flags, std::string subject) : subject_(std::move(subject)) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  append(bytes_of(head));
}

Message& Message::attr(int type, std::string_view payload) {
  nlattr head{};
  head.nla_type = static_cast<uint16_t>(type);
  head.nla_len = static_cast<uint16_t>(sizeof head + payload.size());  // without the padding
  append(bytes_of(head));
  append(payload);
  return *this;
}

bool Message::tolerates(int code) const {
  return std::find(tolerated_.begin(), tolerated_.end(), code) != tolerated_.end();
}

bool Message::wants_acknowledgement() const {
  return read_as<nlmsghdr>(bytes_)->nlmsg_flags & NLM_F_ACK;
}

void Message::set_sequence(uint32_t sequence) {
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
}

// Every part begins at a multiple of four; the length in the header follows along.
void Message::append(std::string_view bytes) {
  bytes_.append(bytes);
  bytes_.resize(aligned(bytes_.size()), '\0');
  auto length = static_cast<uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

size_t Message::begin(int type) {
  size_t start = bytes_.size();
  nlattr head{};
  head.nla_type = static_cast<uint16_t>(type);
  head.nla_len = sizeof head;
  append(bytes_of(head));
  return start;
}

void Message::end(size_t start) {
  auto length = static_cast<uint16_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start + offsetof(nlattr, nla_len), &length, sizeof length);
}

std::vector<Attribute> attributes(std::string_view bytes) {
  std::vector<Attribute> list;
  while (auto head = read_as<nlattr>(bytes)) {
    if (head->nla_len < sizeof(nlattr) || head->nla_len > bytes.size()) break;
    list.push_back({static_cast<uint16_t>(head->nla_type & NLA_TYPE_MASK),
                    bytes.substr(sizeof(nlattr), head->nla_len - sizeof(nlattr))});
    bytes.remove_prefix(std::min(aligned(head->nla_len), bytes.size()));
  }
  return list;
}

std::optional<std::string_view> find(const std::vector<Attribute>& list, int type) {
  for (const auto& attribute : list)
    if (attribute.type == type) return attribute.payload;
  return std::nullopt;
}

std::string text_of(std::string_view payload) {
  return std::string(payload.substr(0, payload.find('\0')));
}

}  // namespace estiba::net::netlink
