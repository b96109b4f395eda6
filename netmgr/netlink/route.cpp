#include "netmgr/netlink/route.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/error.hpp"

namespace estiba::net::netlink {
namespace {

unsigned char family_number(Family family) { return family == Family::v4 ? AF_INET : AF_INET6; }

Message route_message(uint16_t type, int flags, const Prefix& destination, const Address& gateway) {
  Message message(type, flags | NLM_F_ACK,
                  cat(type == RTM_NEWROUTE ? "adding" : "removing", " route ", to_text(destination),
                      " via ", to_text(gateway)));
  rtmsg route{};
  route.rtm_family = family_number(destination.base.family);
  route.rtm_dst_len = static_cast<unsigned char>(destination.length);
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_scope = RT_SCOPE_UNIVERSE;
  route.rtm_type = RTN_UNICAST;
  message.header(route);
  if (destination.length > 0) message.attr(RTA_DST, destination.base.bytes());
  message.attr(RTA_GATEWAY, gateway.bytes());
  return message;
}

std::optional<Route> read_route(const Reply& reply) {
  auto head = read_as<rtmsg>(reply.body);
  bool wanted = head && (head->rtm_type == RTN_UNICAST || head->rtm_type == RTN_LOCAL) &&
                (head->rtm_family == AF_INET || head->rtm_family == AF_INET6);
  if (!wanted) return std::nullopt;
  auto list = attributes(std::string_view(reply.body).substr(sizeof(rtmsg)));
  Address base{head->rtm_family == AF_INET ? Family::v4 : Family::v6, 0};
  if (auto destination = find(list, RTA_DST)) base = address_of(*destination).value_or(base);
  Route route{prefix_of(base, head->rtm_dst_len)};
  route.local = head->rtm_type == RTN_LOCAL;
  if (auto index = find(list, RTA_OIF)) route.index = read_as<int>(*index).value_or(0);
  return route;
}

}  // namespace

Message add_address(int index, const Address& address, int prefix_length) {
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                  cat("adding address ", to_text(address)));
  ifaddrmsg info{};
  info.ifa_family = family_number(address.family);
  info.ifa_prefixlen = static_cast<unsigned char>(prefix_length);
  info.ifa_index = static_cast<unsigned>(index);
  if (address.family == Family::v6) info.ifa_flags = IFA_F_NODAD;
  message.header(info).attr(IFA_LOCAL, address.bytes()).attr(IFA_ADDRESS, address.bytes());
  return message;
}

Message add_route(const Prefix& destination, const Address& gateway, int index, RouteMode mode) {
  int flags = NLM_F_CREATE | (mode == RouteMode::add ? NLM_F_EXCL : NLM_F_REPLACE);
  Message message = route_message(RTM_NEWROUTE, flags, destination, gateway);
  message.number(RTA_OIF, index);
  return message;
}

Message delete_route(const Prefix& destination, const Address& gateway) {
  Message message = route_message(RTM_DELROUTE, 0, destination, gateway);
  message.tolerate(ESRCH).tolerate(ENODEV);
  return message;
}

std::vector<Route> routes(Socket& socket) {
  Message request(RTM_GETROUTE, NLM_F_DUMP, "listing routes");
  request.header(rtmsg{});
  std::vector<Route> list;
  for (const auto& reply : socket.ask(std::move(request)))
    if (auto route = read_route(reply)) list.push_back(*route);
  return list;
}

}  // namespace estiba::net::netlink
