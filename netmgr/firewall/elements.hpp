// Elements of the table's maps, put in and taken out by nfnetlink in one transaction: a fraction of
// a millisecond, where an nft process takes several. The messages are pure values.
#pragma once
#include <string>
#include <vector>

#include "netmgr/firewall/ruleset.hpp"
#include "netmgr/netlink/message.hpp"

namespace estiba::net {

/// An element as the kernel stores it: each part of a concatenation fills whole registers of four
/// bytes.
struct MapElement {
  std::string map;
  std::string key, data;
};
MapElement map_element(const PublishedPort& port);

/// One transaction: takes `gone` away, then adds `added`. Empty if there is nothing to do.
std::vector<netlink::Message> element_changes(const std::string& table,
                                              const std::vector<PublishedPort>& gone,
                                              const std::vector<PublishedPort>& added);

}  // namespace estiba::net
