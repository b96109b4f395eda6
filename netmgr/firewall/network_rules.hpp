// The rules inside a network's own namespace: what a container may call itself there, and that
// nothing is routed back to where it came from. Pure: text for nft, and messages that say who is
// attached. What each rule is for stands beside it in the text.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "netmgr/address.hpp"
#include "netmgr/firewall/elements.hpp"

namespace estiba::net {

/// The name of the tables in a network's namespace, one of each family.
inline const std::string inside_table = "estiba";

/// Who sends from a port of the bridge: nobody else's MAC or address comes in by it.
struct Sender {
  std::string port;
  std::string mac;  ///< six bytes
  Address address;
  std::optional<Address> address6;
};

/// `free`: the network was asked to let its containers use any address.
enum class Senders { checked, free };

/// For a new namespace, where nobody is attached yet. Nothing is deleted first: the kernel would be
/// waited for, some 20 ms.
std::string network_rules(Senders senders);
/// The same in place of whatever there is.
std::string network_rules_again(Senders senders);
/// The address that IPv6 makes of a MAC (RFC 4291, appendix A).
Address link_local_address(const std::string& mac);
std::vector<SetElement> sender_elements(const Sender& sender);
std::vector<netlink::Message> sender_changes(const std::vector<Sender>& senders,
                                             ElementChange change);

}  // namespace estiba::net
