// volumes: the project's named volumes.
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/volume_rows.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Names only"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

/// The volumes that the containers of the named services use.
void keep_used(const Invocation& invocation, const std::string& project, std::vector<Json>& rows) {
  if (invocation.words().empty()) return;
  std::set<std::string> used;
  auto all = containers_of(invocation.paths, project);
  check_targets(invocation, all, invocation.words());
  for (const ContainerInfo& container :
       select(std::move(all), invocation.words(), OneOffs::left_out))
    for (const MountInfo& mount : container.mounts) used.insert(mount.name);
  std::erase_if(rows,
                [&](const Json& row) { return !used.contains(row.at("Name").get<std::string>()); });
}

int run(const Invocation& invocation) {
  std::string project = project_name_of(invocation);
  std::vector<Json> rows = volume_rows(invocation.paths, project);
  keep_used(invocation, project, rows);
  print_volumes(invocation.arguments, rows);
  return 0;
}

}  // namespace

extern const Command volumes_command{.name = "volumes",
                                     .usage = "[OPTIONS] [SERVICE...]",
                                     .summary = "List volumes",
                                     .flags = flags,
                                     .run = run};

}  // namespace estiba::orchestrator
