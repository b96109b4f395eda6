// port: where a container's port can be reached on this host.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "protocol", Takes::value, "PROTOCOL", "tcp or udp"},
    {0, "index", Takes::value, "N", "The Nth container of the service"},
};

std::string known_ports(const ContainerInfo& container) {
  std::vector<std::string> all;
  for (const PublishedPort& port : container.ports)
    all.push_back(cat(std::to_string(port.container_port), "/", port.protocol));
  return text::join(all, ", ");
}

int run(const Invocation& invocation) {
  std::string protocol = text::lower(invocation.arguments.value_or("protocol", "tcp"));
  std::vector<std::string> written = text::split(invocation.words()[1], '/');
  if (written.size() > 1) protocol = written[1];
  auto number = text::to_int(written[0]);
  if (!number) throw Error(cat("invalid port: ", invocation.words()[1]));
  ContainerInfo container = running_container(invocation, invocation.words()[0]);
  for (const PublishedPort& port : container.ports) {
    if (port.container_port != *number || port.protocol != protocol || port.host_port == 0)
      continue;
    bool v6 = port.host_ip.find(':') != port.host_ip.npos;
    print(cat(v6 ? "[" : "", port.host_ip, v6 ? "]:" : ":", std::to_string(port.host_port), "\n"));
    return 0;
  }
  throw Error(cat("no port ", written[0], "/", protocol, " for container ", container.name, ": ",
                  known_ports(container)));
}

}  // namespace

extern const Command port_command{.name = "port",
                                  .usage = "[OPTIONS] SERVICE PORT",
                                  .summary = "Print the host address of a port",
                                  .flags = flags,
                                  .min_words = 2,
                                  .max_words = 2,
                                  .run = run};

}  // namespace estiba::orchestrator
