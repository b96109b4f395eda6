// The names of everything that a server puts on the host. Two servers (two run directories) may
// share a host: all but the one with the default run directory carry a tag in their names.
#pragma once
#include <string>

namespace estiba::net {

/// All uplinks of all servers begin with it: the rules for isolation hold between servers, too.
inline const std::string uplink_prefix = "est-";

struct HostNames {
  std::string tag;  ///< empty, or four hexadecimal digits

  static HostNames of(const std::string& run_dir);
  std::string table() const;                 ///< "estiba", "estiba_3fa9"
  std::string uplink(unsigned index) const;  ///< "est-7", "est-3fa9-7"
  bool owns_uplink(const std::string& name) const;
  std::string comment() const;  ///< marks our rules in others' chains
  /// Where this server begins to look for subnets and uplinks.
  unsigned offset(unsigned range) const;
};

/// "p-0123456789ab": a container's port of a network's bridge, within the 15 characters of an
/// interface name.
std::string port_name(const std::string& container_id);

/// Whether it can be the name of a network, a container or an interface's file: no slash, no dot
/// first, printable.
bool is_plain_name(const std::string& name);

}  // namespace estiba::net
