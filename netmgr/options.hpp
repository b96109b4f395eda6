// A network's driver options that are switches. Pure.
#pragma once
#include <optional>
#include <string>

#include "netmgr/network.hpp"

namespace estiba::net {

/// "false": containers reach the gateway and the outside, but not each other.
inline const std::string option_icc = "com.docker.network.bridge.enable_icc";
/// "true": containers may send from any address, as a router or a shared address needs it.
inline const std::string option_spoofing = "com.estiba.network.spoofing";

/// Nothing if the network does not say; an Error that names network and option if it is neither
/// yes nor no. What Docker takes for one is taken here.
std::optional<bool> flag_of(const NetworkSpec& spec, const std::string& option);

}  // namespace estiba::net
