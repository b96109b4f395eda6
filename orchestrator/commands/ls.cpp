// ls: the projects that have containers.
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "all", Takes::nothing, "", "Projects with stopped containers as well"},
    {'q', "quiet", Takes::nothing, "", "Names only"},
    {0, "filter", Takes::list, "name=TEXT", "Only projects whose name contains this"},
    {0, "format", Takes::value, "FORM", "table or json"},
};

struct Project {
  std::map<std::string, int> states;
  std::string config_files;
};

/// "exited(1), running(2)"
std::string status_of(const Project& project) {
  std::vector<std::string> parts;
  for (const auto& [state, count] : project.states)
    parts.push_back(cat(state, "(", std::to_string(count), ")"));
  return text::join(parts, ", ");
}

std::map<std::string, Project> projects_of(const Invocation& invocation) {
  bool all = invocation.arguments.on("all");
  std::map<std::string, Project> projects;
  for (const ContainerInfo& container : containers_of(invocation.paths, "")) {
    if (!all && !container.running()) continue;
    Project& project = projects[container.project];
    ++project.states[container.state];
    auto files = container.labels.find("com.docker.compose.project.config_files");
    if (files != container.labels.end()) project.config_files = files->second;
  }
  return projects;
}

void filter(std::map<std::string, Project>& projects, const std::vector<std::string>& filters) {
  for (const std::string& each : filters) {
    if (!each.starts_with("name="))
      throw Error(cat("invalid filter '", each.substr(0, each.find('=')),
                      "'; \"name\" is the one there is"));
    std::string wanted = each.substr(5);
    std::erase_if(projects,
                  [&](const auto& entry) { return entry.first.find(wanted) == entry.first.npos; });
  }
}

int run(const Invocation& invocation) {
  auto projects = projects_of(invocation);
  filter(projects, invocation.arguments.list("filter"));
  std::string format = invocation.arguments.value_or("format", "table");
  if (format != "table" && format != "json")
    throw Error(cat("unsupported format \"", format, "\"; it must be table or json"));
  Json array = Json::array();
  std::vector<ui::Row> rows{{"NAME", "STATUS", "CONFIG FILES"}};
  std::string names;
  for (const auto& [name, project] : projects) {
    std::string status = status_of(project);
    array.push_back({{"Name", name}, {"Status", status}, {"ConfigFiles", project.config_files}});
    rows.push_back({name, status, project.config_files});
    names += name + "\n";
  }
  if (invocation.arguments.on("quiet"))
    print(names);
  else
    print(format == "json" ? json::dump(array) + "\n" : ui::table(rows, ui::wide_style));
  return 0;
}

}  // namespace

extern const Command ls_command{.name = "ls",
                                .usage = "[OPTIONS]",
                                .summary = "List projects",
                                .flags = flags,
                                .max_words = 0,
                                .run = run};

}  // namespace estiba::orchestrator
