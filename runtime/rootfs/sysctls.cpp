#include "runtime/rootfs/sysctls.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::runtime {
namespace {

// A namespace that no other container and not the host shares.
bool is_own(const Namespace& space) {
  return std::holds_alternative<NewNamespace>(space) || std::holds_alternative<JoinPath>(space);
}

std::string dotted(std::string name) {
  // sysctl(8): with a slash first, slashes separate and dots belong to names (eth0.100).
  size_t first = name.find_first_of("./");
  if (first != std::string::npos && name[first] == '/')
    for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

std::string path_of(const std::string& dotted_name) {
  std::string path = dotted_name;
  for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

const Namespace* space_of(const ContainerSpec& spec, const std::string& name) {
  if (name.starts_with("net.")) return &spec.namespaces.network;
  if (name.starts_with("kernel.msg") || name.starts_with("kernel.shm") || name == "kernel.sem" ||
      name.starts_with("fs.mqueue."))
    return &spec.namespaces.ipc;
  if (name == "kernel.hostname" || name == "kernel.domainname") return &spec.namespaces.uts;
  return nullptr;
}

void check(const ContainerSpec& spec, const std::string& name) {
  const Namespace* space = space_of(spec, name);
  if (!space || name.find("..") != std::string::npos)
    throw Error(cat("sysctl ", name, " is the whole host's and cannot be set for a container"));
  if (!is_own(*space))
    throw Error(cat("sysctl ", name, " cannot be set: the container shares that namespace"));
}

}  // namespace

std::vector<SysctlOp> sysctl_plan(const ContainerSpec& spec) {
  std::vector<SysctlOp> plan;
  std::map<std::string, std::string> wanted;
  for (const auto& [name, value] : spec.sysctls) wanted[dotted(name)] = value;
  // Everyone may bind low ports and ping, as in Docker: the namespace is the container's own.
  if (is_own(spec.namespaces.network)) {
    for (const auto& [name, value] : {std::pair{"net.ipv4.ip_unprivileged_port_start", "0"},
                                      std::pair{"net.ipv4.ping_group_range", "0 2147483647"}})
      if (!wanted.contains(name)) plan.push_back({path_of(name), value, true});
  }
  for (const auto& [name, value] : wanted) {
    check(spec, name);
    plan.push_back({path_of(name), value, false});
  }
  return plan;
}

}  // namespace estiba::runtime
