#include "orchestrator/cli/one_container.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {

ContainerInfo one_container(const Invocation& invocation, const std::string& service) {
  std::vector<ContainerInfo> all = containers_of(invocation.paths, project_name_of(invocation));
  std::vector<ContainerInfo> found = select(all, {service}, OneOffs::left_out);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  auto index = invocation.arguments.number("index");
  for (ContainerInfo& container : found)
    if (!index || *index == 0 || container.number == *index) return container;
  std::vector<std::string> services;
  for (const ContainerInfo& container : all) services.push_back(container.service);
  auto near = found.empty() ? text::nearest(service, services) : std::nullopt;
  throw Error(cat("service \"", service, "\" has no container",
                  index && *index != 0 ? cat(" #", std::to_string(*index)) : "",
                  near ? cat("; did you mean \"", *near, "\"?") : ""));
}

std::string writable_layer(const Paths& paths, const ContainerInfo& container) {
  return cat(paths.root, "/containers/", container.id, "/upper");
}

}  // namespace estiba::orchestrator
