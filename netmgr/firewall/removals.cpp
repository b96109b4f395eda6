#include "netmgr/firewall/removals.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>

namespace estiba::net {
namespace {

// Of each kind the attribute that names the table is the first.
static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
              NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
constexpr int table_attribute = 1;
constexpr std::array removals{NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET,
                              NFT_MSG_DELSETELEM};

}  // namespace

bool is_removal(const netlink::Reply& notification, const std::string& table) {
  if (notification.type >> 8 != NFNL_SUBSYS_NFTABLES) return false;
  auto removes = [&](int type) { return (notification.type & 0xff) == type; };
  if (std::none_of(removals.begin(), removals.end(), removes)) return false;
  auto head = netlink::read_as<nfgenmsg>(notification.body);
  if (!head || head->nfgen_family != NFPROTO_INET) return false;
  auto list = netlink::attributes(std::string_view(notification.body).substr(sizeof(nfgenmsg)));
  auto name = netlink::find(list, table_attribute);
  return name && netlink::text_of(*name) == table;
}

RuleRemovals::RuleRemovals(std::string table)
    : table_(std::move(table)), socket_(NETLINK_NETFILTER) {
  socket_.join(NFNLGRP_NFTABLES);
}

bool RuleRemovals::take() {
  auto notifications = socket_.waiting();
  if (!notifications) return true;
  return std::any_of(notifications->begin(), notifications->end(),
                     [&](const auto& one) { return is_removal(one, table_); });
}

}  // namespace estiba::net
