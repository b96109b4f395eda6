// Who a process becomes: the user of the container's own /etc/passwd and /etc/group (never the
// host's, never through NSS), its supplementary groups, and its capabilities.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::runtime {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary, sorted
  std::string home = "/";
  bool operator==(const Identity&) const = default;
};

/// `user` is "", "name", "uid", "name:group" or "uid:gid"; `groups` are further names or numbers.
/// A name that the texts do not hold is an Error; a number need not be there.
Identity resolve_identity(const std::string& user, const std::vector<std::string>& groups,
                          std::string_view passwd, std::string_view group);

/// A file of the container for resolve_identity: empty if it does not exist; an Error if it is not
/// a regular file or larger than a mebibyte.
std::string read_account_file(const std::string& path);

/// Sets the bounding set, groups and ids, but keeps all permitted capabilities (effective too), so
/// that a seccomp filter can be loaded after it.
void become(const Identity& identity, uint64_t bounding);
/// Permitted = effective = `capabilities`; inheritable and ambient empty.
void limit_capabilities(uint64_t capabilities);

}  // namespace estiba::runtime
