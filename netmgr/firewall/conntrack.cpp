#include "netmgr/firewall/conntrack.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/error.hpp"

namespace estiba::net {
namespace {

using netlink::attributes;
using netlink::find;
using netlink::Message;
using netlink::read_as;

Message ct_message(int type, int flags, uint8_t family) {
  Message message(static_cast<uint16_t>((NFNL_SUBSYS_CTNETLINK << 8) | type), flags,
                  "forgetting UDP connections");
  message.header(nfgenmsg{family, NFNETLINK_V0, 0});
  return message;
}

struct Tuple {
  Address source, destination;
  uint16_t destination_port = 0;
  uint8_t protocol = 0;
};

Tuple read_tuple(std::string_view bytes) {
  Tuple tuple;
  auto parts = attributes(bytes);
  if (auto ip = find(parts, CTA_TUPLE_IP)) {
    for (const auto& part : attributes(*ip)) {
      auto address = address_of(part.payload);
      bool source = part.type == CTA_IP_V4_SRC || part.type == CTA_IP_V6_SRC;
      if (address) (source ? tuple.source : tuple.destination) = *address;
    }
  }
  if (auto proto = find(parts, CTA_TUPLE_PROTO)) {
    auto list = attributes(*proto);
    if (auto number = find(list, CTA_PROTO_NUM))
      tuple.protocol = read_as<uint8_t>(*number).value_or(0);
    if (auto port = find(list, CTA_PROTO_DST_PORT))
      tuple.destination_port = ntohs(read_as<uint16_t>(*port).value_or(0));
  }
  return tuple;
}

bool concerns(const PublishedPort& port, const Tuple& asked, const Tuple& answer,
              const std::vector<Address>& local) {
  if (port.protocol != Protocol::udp || port.host_port != asked.destination_port) return false;
  if (port.host && *port.host != asked.destination) return false;
  bool untranslated = answer.source == asked.destination &&
                      std::find(local.begin(), local.end(), answer.source) != local.end();
  return untranslated || answer.source == port.target;
}

}  // namespace

void forget_udp(netlink::Socket& netfilter, const std::vector<PublishedPort>& ports,
                const std::vector<Address>& local) {
  bool any = std::any_of(ports.begin(), ports.end(),
                         [](const auto& port) { return port.protocol == Protocol::udp; });
  if (!any) return;
  for (const auto& reply : netfilter.ask(ct_message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC))) {
    if (reply.body.size() < sizeof(nfgenmsg)) continue;
    auto list = attributes(std::string_view(reply.body).substr(sizeof(nfgenmsg)));
    auto asked = find(list, CTA_TUPLE_ORIG);
    auto answer = find(list, CTA_TUPLE_REPLY);
    if (!asked || !answer) continue;
    Tuple tuple = read_tuple(*asked);
    if (tuple.protocol != IPPROTO_UDP) continue;
    bool stale = std::any_of(ports.begin(), ports.end(), [&](const auto& port) {
      return concerns(port, tuple, read_tuple(*answer), local);
    });
    if (!stale) continue;
    Message request =
        ct_message(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, static_cast<uint8_t>(reply.body[0]));
    request.attr(CTA_TUPLE_ORIG | NLA_F_NESTED, *asked).tolerate(ENOENT);
    netfilter.run(std::move(request));
  }
}

}  // namespace estiba::net
