#include "runtime/rootfs/sysctls.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::runtime {
namespace {

// A namespace that no other container and not the host shares.
bool is_own(const Namespace& space) {
  return std::holds_alternative<NewNamespace>(space) || std::holds_alternative<JoinPath>(space);
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-.:@%+").find(c) != std::string_view::npos;
}

// Beneath /proc/sys. sysctl(8): with a dot first, dots separate and slashes belong to names
// (net.ipv4.conf.eth0/100.forwarding). What is judged is the path that is written to.
std::string path_of(const std::string& name) {
  std::string path = name;
  size_t first = path.find_first_of("./");
  if (first != std::string::npos && path[first] == '.')
    for (char& c : path) c = c == '/' ? '.' : c == '.' ? '/' : c;
  for (const auto& part : text::split(path, '/')) {
    bool plain = !part.empty() && part != "." && part != ".." &&
                 std::all_of(part.begin(), part.end(), is_name_char);
    if (!plain) throw Error(cat("sysctl \"", name, "\" is not the name of one"));
  }
  return path;
}

// Those of the System V IPC namespace, ipc_namespaces(7).
constexpr std::array ipc_names{"kernel/msgmax", "kernel/msgmnb",         "kernel/msgmni",
                               "kernel/sem",    "kernel/shmall",         "kernel/shmmax",
                               "kernel/shmmni", "kernel/shm_rmid_forced"};

const Namespace* space_of(const ContainerSpec& spec, const std::string& path) {
  if (path.starts_with("net/")) return &spec.namespaces.network;
  if (path.starts_with("fs/mqueue/") ||
      std::find(ipc_names.begin(), ipc_names.end(), path) != ipc_names.end())
    return &spec.namespaces.ipc;
  if (path == "kernel/hostname" || path == "kernel/domainname") return &spec.namespaces.uts;
  return nullptr;
}

void check(const ContainerSpec& spec, const std::string& name, const std::string& path) {
  const Namespace* space = space_of(spec, path);
  if (!space)
    throw Error(cat("sysctl ", name, " is the whole host's and cannot be set for a container"));
  if (!is_own(*space))
    throw Error(cat("sysctl ", name, " cannot be set: the container shares that namespace"));
}

}  // namespace

std::vector<SysctlOp> sysctl_plan(const ContainerSpec& spec) {
  std::vector<SysctlOp> plan;
  std::map<std::string, std::string> wanted;
  for (const auto& [name, value] : spec.sysctls) {
    std::string path = path_of(name);
    check(spec, name, path);
    wanted[path] = value;
  }
  // Everyone may bind low ports and ping, as in Docker: the namespace is the container's own.
  if (is_own(spec.namespaces.network)) {
    for (const auto& [path, value] : {std::pair{"net/ipv4/ip_unprivileged_port_start", "0"},
                                      std::pair{"net/ipv4/ping_group_range", "0 2147483647"}})
      if (!wanted.contains(path)) plan.push_back({path, value, true});
  }
  for (const auto& [path, value] : wanted) plan.push_back({path, value, false});
  return plan;
}

}  // namespace estiba::runtime
