// Elements of a table's sets and maps, put in and taken out by nfnetlink in one transaction: a
// fraction of a millisecond, where an nft process takes several. The messages are pure values.
#pragma once
#include <string>
#include <vector>

#include "netmgr/firewall/ruleset.hpp"
#include "netmgr/netlink/message.hpp"

namespace estiba::net {

enum class TableFamily { inet, bridge };
struct TableName {
  TableFamily family = TableFamily::inet;
  std::string name;
};

/// An element as the kernel stores it: each part of a concatenation fills whole registers of four
/// bytes. A set's has no data.
struct SetElement {
  std::string set;
  std::string key, data;
};
SetElement map_element(const PublishedPort& port);

enum class ElementChange { added, gone };
/// `subject` is what an error is told about.
netlink::Message element_message(const TableName& table, const SetElement& element,
                                 ElementChange change, const std::string& subject);
/// The changes between the marks that make one transaction of them; empty if there is none.
std::vector<netlink::Message> transaction(std::vector<netlink::Message> changes);

/// The family's element of the set of those that the host does not forward for others.
SetElement closed_element(Family family);

/// One transaction: takes `gone` away, then adds `added`. Empty if there is nothing to do.
std::vector<netlink::Message> element_changes(const std::string& table,
                                              const std::vector<PublishedPort>& gone,
                                              const std::vector<PublishedPort>& added);

}  // namespace estiba::net
