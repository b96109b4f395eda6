// network ls: the networks of all projects.
#include <nlohmann/json.hpp>

#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Names only"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

Json row_of(const Json& network) {
  auto text = [&](const char* key) { return json::string_at(network, key).value_or(""); };
  std::string driver = text("driver");
  return {{"Name", text("name")},
          {"Driver", driver.empty() ? "bridge" : driver},
          {"Project", text("project")},
          {"Subnet", text("subnet")}};
}

std::vector<Json> network_rows(const Paths& paths) {
  auto client = connect_to_ask(paths, About::everything);
  if (!client) return {};
  std::vector<Json> rows;
  for (const Json& network : client->call("networks", Json::object()).at("networks"))
    rows.push_back(row_of(network));
  return rows;
}

int run(const Invocation& invocation) {
  std::vector<Json> rows = network_rows(invocation.paths);
  std::string format = invocation.arguments.value_or("format", "table");
  std::vector<ui::Row> lines{{"NAME", "DRIVER", "SUBNET", "PROJECT"}};
  std::string names;
  for (const Json& row : rows) {
    lines.push_back({row.at("Name"), row.at("Driver"), row.at("Subnet"), row.at("Project")});
    names += row.at("Name").get<std::string>() + "\n";
  }
  if (invocation.arguments.on("quiet"))
    print(names);
  else
    print(format == "table" ? ui::table(lines) : ui::formatted(format, rows));
  return 0;
}

}  // namespace

extern const Command network_ls_command{.name = "network ls",
                                        .usage = "[OPTIONS]",
                                        .summary = "List the networks of all projects",
                                        .flags = flags,
                                        .max_words = 0,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
