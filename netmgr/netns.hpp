// Network namespaces as descriptors and as pinned files. A namespace lives while a file, a
// descriptor or a process holds it (namespaces(7)).
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"

namespace estiba::net {

/// The calling thread is in `target` while this lives. What is opened there stays there.
class ScopedNetns {
 public:
  explicit ScopedNetns(FdRef target);
  /// A new namespace.
  ScopedNetns();
  ScopedNetns(const ScopedNetns&) = delete;
  ScopedNetns& operator=(const ScopedNetns&) = delete;
  /// Ends the process if there is no way back: everything afterwards would touch the wrong network.
  ~ScopedNetns();

 private:
  UniqueFd home_;
};

/// The calling thread's namespace.
UniqueFd current_netns();
/// Keeps the namespace at `path` (a bind mount) until unpin.
void pin_netns(FdRef netns, const std::string& path);
void unpin_netns(const std::string& path);
/// Nothing if there is no namespace pinned at the path.
std::optional<UniqueFd> open_pinned(const std::string& path);

/// Writes /proc/sys/net/NAME of the calling thread's namespace.
void write_sysctl(const std::string& name, const std::string& value);
/// As write_sysctl, where this kernel may be without it.
void write_sysctl_if_there(const std::string& name, const std::string& value);
std::string read_sysctl(const std::string& name);

}  // namespace estiba::net
