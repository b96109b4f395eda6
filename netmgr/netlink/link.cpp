#include "netmgr/netlink/link.hpp"

#include <linux/ethtool.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::net::netlink {
namespace {

constexpr int create = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;

ifinfomsg up(int index) {
  ifinfomsg info{};
  info.ifi_index = index;
  info.ifi_flags = IFF_UP;
  info.ifi_change = IFF_UP;
  return info;
}

void add_end(Message& message, const VethEnd& end, uint32_t mtu) {
  message.text(IFLA_IFNAME, end.name);
  if (mtu != 0) message.number(IFLA_MTU, mtu);
  if (!end.mac.empty()) message.attr(IFLA_ADDRESS, mac_bytes(end.mac));
  if (end.master != 0) message.number(IFLA_MASTER, static_cast<uint32_t>(end.master));
  if (end.netns) message.number(IFLA_NET_NS_FD, static_cast<uint32_t>(end.netns->get()));
}

LinkInfo link_info(const Reply& reply) {
  LinkInfo info;
  if (auto head = read_as<ifinfomsg>(reply.body)) info.index = head->ifi_index;
  auto list = attributes(std::string_view(reply.body).substr(sizeof(ifinfomsg)));
  if (auto mtu = find(list, IFLA_MTU)) info.mtu = read_as<uint32_t>(*mtu).value_or(0);
  return info;
}

std::optional<LinkInfo> ask_link(Socket& socket, Message request) {
  auto reply = socket.ask_one(std::move(request));
  if (!reply || reply->body.size() < sizeof(ifinfomsg)) return std::nullopt;
  return link_info(*reply);
}

}  // namespace

std::string mac_bytes(const std::string& mac) {
  std::string out;
  for (const auto& part : text::split(mac, ':')) {
    auto byte = text::to_uint(part, 16);
    if (!byte || *byte > 255 || part.size() > 2)
      throw Error(cat("\"", mac, "\" is not a MAC address; write it as 02:42:ac:11:00:02"));
    out += static_cast<char>(*byte);
  }
  if (out.size() != 6) throw Error(cat("\"", mac, "\" is not a MAC address of six bytes"));
  return out;
}

Message add_bridge(const BridgeLink& bridge) {
  Message message(RTM_NEWLINK, create, cat("adding bridge ", bridge.name));
  message.header(up(bridge.index)).text(IFLA_IFNAME, bridge.name);
  if (bridge.mtu != 0) message.number(IFLA_MTU, bridge.mtu);
  message.attr(IFLA_ADDRESS, mac_bytes(bridge.mac));
  message.nest(IFLA_LINKINFO, [&] {
    message.text(IFLA_INFO_KIND, "bridge");
    message.nest(IFLA_INFO_DATA, [&] {
      // There is no loop to wait for: a new port forwards at once. And nothing to gain from
      // snooping on groups: neighbour solicitations must not wait for it to learn.
      message.number(IFLA_BR_FORWARD_DELAY, uint32_t{0});
      message.number(IFLA_BR_MCAST_SNOOPING, uint8_t{0});
    });
  });
  return message;
}

Message add_veth(const VethEnd& here, const VethEnd& peer, uint32_t mtu) {
  Message message(RTM_NEWLINK, create, cat("adding interfaces ", here.name, " and ", peer.name));
  message.header(up(here.index));
  add_end(message, here, mtu);
  message.nest(IFLA_LINKINFO, [&] {
    message.text(IFLA_INFO_KIND, "veth");
    message.nest(IFLA_INFO_DATA, [&] {
      message.nest(VETH_INFO_PEER, [&] {
        // Not up yet: veth refuses to start an end whose pair is not complete.
        ifinfomsg info{};
        info.ifi_index = peer.index;
        message.header(info);
        add_end(message, peer, mtu);
      });
    });
  });
  return message;
}

Message set_up(int index) {
  Message message(RTM_NEWLINK, NLM_F_ACK, cat("starting interface ", std::to_string(index)));
  message.header(up(index));
  return message;
}

Message set_up(int index, const std::string& alias) {
  Message message = set_up(index);
  message.attr(IFLA_IFALIAS, alias);
  return message;
}

Message delete_link(const std::string& name) {
  Message message(RTM_DELLINK, NLM_F_ACK, cat("removing interface ", name));
  message.header(ifinfomsg{}).text(IFLA_IFNAME, name).tolerate(ENODEV);
  return message;
}

// Reading the link state by ethtool runs the kernel's pending link watch of the interface first
// (ethtool_op_get_link), which rtnetlink does not. The answer itself does not matter.
void settle_link(const std::string& name) {
  UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) throw Error{"socket", "AF_INET", Errno{errno}};
  ethtool_value value{};
  value.cmd = ETHTOOL_GLINK;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  ::ioctl(socket.get(), SIOCETHTOOL, &request);
}

Message set_port(const std::string& name, PortMode mode) {
  Message message(RTM_NEWLINK, NLM_F_ACK, cat("setting bridge port ", name));
  message.header(ifinfomsg{}).text(IFLA_IFNAME, name);
  message.nest(IFLA_LINKINFO, [&] {
    message.text(IFLA_INFO_SLAVE_KIND, "bridge");
    message.nest(IFLA_INFO_SLAVE_DATA, [&] {
      if (mode == PortMode::disabled)
        message.number(IFLA_BRPORT_STATE, static_cast<uint8_t>(BR_STATE_DISABLED));
      else
        message.number(IFLA_BRPORT_ISOLATED, uint8_t{1});
    });
  });
  return message;
}

std::optional<LinkInfo> find_link(Socket& socket, const std::string& name) {
  Message request(RTM_GETLINK, 0, cat("looking up interface ", name));
  request.header(ifinfomsg{}).text(IFLA_IFNAME, name);
  return ask_link(socket, std::move(request));
}

std::optional<LinkInfo> find_link(Socket& socket, int index) {
  Message request(RTM_GETLINK, 0, cat("looking up interface ", std::to_string(index)));
  ifinfomsg info{};
  info.ifi_index = index;
  request.header(info);
  return ask_link(socket, std::move(request));
}

std::vector<NamedLink> links_named(Socket& socket, std::string_view prefix) {
  Message request(RTM_GETLINK, NLM_F_DUMP, "listing interfaces");
  request.header(ifinfomsg{});
  std::vector<NamedLink> links;
  for (const auto& reply : socket.ask(std::move(request))) {
    if (reply.body.size() < sizeof(ifinfomsg)) continue;
    auto list = attributes(std::string_view(reply.body).substr(sizeof(ifinfomsg)));
    auto name = find(list, IFLA_IFNAME);
    if (!name || !text_of(*name).starts_with(prefix)) continue;
    auto alias = find(list, IFLA_IFALIAS);
    links.push_back({text_of(*name), alias ? text_of(*alias) : ""});
  }
  return links;
}

}  // namespace estiba::net::netlink
