#include "netmgr/firewall/elements.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/error.hpp"

namespace estiba::net {
namespace {

using netlink::Message;

std::string port_bytes(uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port)};
}

std::string concatenated(const Address& address, uint16_t port) {
  return cat(address.bytes(), port_bytes(port), std::string_view("\0\0", 2));
}

Message batch_mark(uint16_t type) {
  Message message(type, 0, "changing firewall elements");
  message.header(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)});
  return message;
}

Message port_message(const std::string& table, const PublishedPort& port, ElementChange change) {
  bool adds = change == ElementChange::added;
  return element_message(
      {TableFamily::inet, table}, map_element(port), change,
      cat(adds ? "publishing" : "unpublishing", " port ", std::to_string(port.host_port)));
}

}  // namespace

SetElement map_element(const PublishedPort& port) {
  return {map_name(port),
          port.host ? concatenated(*port.host, port.host_port) : port_bytes(port.host_port),
          concatenated(port.target, port.target_port)};
}

SetElement closed_element(Family family) {
  return {"closed", std::string(1, family == Family::v4 ? NFPROTO_IPV4 : NFPROTO_IPV6), ""};
}

Message element_message(const TableName& table, const SetElement& element, ElementChange change,
                        const std::string& subject) {
  bool adds = change == ElementChange::added;
  int type = adds ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
  Message message(static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type),
                  NLM_F_ACK | (adds ? NLM_F_CREATE : 0), subject);
  uint8_t family = table.family == TableFamily::bridge ? NFPROTO_BRIDGE : NFPROTO_INET;
  message.header(nfgenmsg{family, NFNETLINK_V0, 0});
  message.text(NFTA_SET_ELEM_LIST_TABLE, table.name).text(NFTA_SET_ELEM_LIST_SET, element.set);
  auto value = [&](int attribute, const std::string& bytes) {
    message.nest(attribute | NLA_F_NESTED, [&] { message.attr(NFTA_DATA_VALUE, bytes); });
  };
  message.nest(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, [&] {
    message.nest(NFTA_LIST_ELEM | NLA_F_NESTED, [&] {
      value(NFTA_SET_ELEM_KEY, element.key);
      if (adds && !element.data.empty()) value(NFTA_SET_ELEM_DATA, element.data);
    });
  });
  return message;
}

std::vector<Message> transaction(std::vector<Message> changes) {
  if (changes.empty()) return changes;
  changes.insert(changes.begin(), batch_mark(NFNL_MSG_BATCH_BEGIN));
  changes.push_back(batch_mark(NFNL_MSG_BATCH_END));
  return changes;
}

std::vector<Message> element_changes(const std::string& table,
                                     const std::vector<PublishedPort>& gone,
                                     const std::vector<PublishedPort>& added) {
  std::vector<Message> changes;
  for (const auto& port : gone)
    if (has_kernel_path(port)) changes.push_back(port_message(table, port, ElementChange::gone));
  for (const auto& port : added)
    if (has_kernel_path(port)) changes.push_back(port_message(table, port, ElementChange::added));
  return transaction(std::move(changes));
}

}  // namespace estiba::net
