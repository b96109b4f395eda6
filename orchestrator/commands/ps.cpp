// ps: the project's containers, as a table, as JSON lines, or through a template.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/ps_format.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "all", Takes::nothing, "", "Stopped containers and those of \"run\" as well"},
    {'q', "quiet", Takes::nothing, "", "Ids only"},
    {0, "services", Takes::nothing, "", "Names of services only"},
    {0, "status", Takes::list, "STATE", "Only containers in this state; may be repeated"},
    {0, "filter", Takes::list, "status=STATE", "The same, as Docker writes it"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
    {0, "no-trunc", Takes::nothing, "", "Show long values in full"},
    {0, "orphans", Takes::nothing, "", "--orphans=false leaves out services that are gone"},
};

std::vector<std::string> wanted_states(const Arguments& arguments) {
  std::vector<std::string> states = arguments.list("status");
  for (const std::string& filter : arguments.list("filter")) {
    size_t equals = filter.find('=');
    if (equals == filter.npos) throw Error("arguments to --filter should be in form KEY=VAL");
    std::string key = filter.substr(0, equals);
    if (key == "source") throw Error("the filter \"source\" is not supported");
    if (key != "status")
      throw Error(cat("unknown filter ", key, "; \"status\" is the one there is"));
    states.push_back(filter.substr(equals + 1));
  }
  return states;
}

bool shown(const ContainerInfo& container, const std::vector<std::string>& states, bool all) {
  if (!states.empty())
    return std::find(states.begin(), states.end(), container.state) != states.end();
  return all || container.running();
}

void drop_orphans(const Invocation& invocation, std::vector<ContainerInfo>& containers) {
  if (invocation.arguments.choice("orphans").value_or(true) || named_without_file(invocation))
    return;
  std::vector<std::string> known = service_names(load_project(invocation, {}).project);
  std::erase_if(containers, [&](const ContainerInfo& container) {
    return std::find(known.begin(), known.end(), container.service) == known.end();
  });
}

std::string one_a_line(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += value + "\n";
  return out;
}

std::string ids_of(const std::vector<ContainerInfo>& containers) {
  std::vector<std::string> ids;
  for (const ContainerInfo& container : containers) ids.push_back(container.id);
  return one_a_line(ids);
}

std::string services_of(const std::vector<ContainerInfo>& containers) {
  std::set<std::string> names;
  for (const ContainerInfo& container : containers) names.insert(container.service);
  return one_a_line({names.begin(), names.end()});
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  std::vector<std::string> states = wanted_states(arguments);
  auto containers = containers_of(invocation.paths, project_name_of(invocation));
  check_targets(invocation, containers, invocation.words());
  bool all = arguments.on("all");
  containers = select(std::move(containers), invocation.words(),
                      all ? OneOffs::included : OneOffs::left_out);
  std::erase_if(containers, [&](const ContainerInfo& each) { return !shown(each, states, all); });
  drop_orphans(invocation, containers);
  if (arguments.on("quiet")) return print(ids_of(containers)), 0;
  if (arguments.on("services")) return print(services_of(containers)), 0;
  WallTime now = wall_now();
  Truncate truncate = arguments.on("no-trunc") ? Truncate::no : Truncate::yes;
  std::string format = arguments.value_or("format", "table");
  if (format == "table" || format.empty()) return print(ps_table(containers, now, truncate)), 0;
  std::vector<Json> rows;
  for (const ContainerInfo& each : containers) rows.push_back(ps_json(each, now, truncate));
  print(ui::formatted(format, rows));
  return 0;
}

}  // namespace

extern const Command ps_command{.name = "ps",
                                .usage = "[OPTIONS] [SERVICE...]",
                                .summary = "List containers",
                                .flags = flags,
                                .run = run};

}  // namespace estiba::orchestrator
