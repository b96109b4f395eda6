// network ls: the networks of all projects.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Ids only"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

Json row_of(const Json& network) {
  auto text = [&](const char* key) { return json::string_at(network, key).value_or(""); };
  std::string driver = text("driver");
  std::string ipv6 = text("subnet6").empty() ? "false" : "true";
  std::vector<std::string> labels;
  for (const auto& [key, value] : network.at("labels").items())
    labels.push_back(cat(key, "=", value.get<std::string>()));
  bool internal = json::bool_at(network, "internal").value_or(false);
  return {{"CreatedAt", text("created")},
          {"Driver", driver.empty() ? "bridge" : driver},
          {"ID", text("id").substr(0, 12)},
          {"IPv4", "true"},
          {"IPv6", ipv6},
          {"Internal", internal ? "true" : "false"},
          {"Labels", text::join(labels, ",")},
          {"Name", text("name")},
          {"Project", text("project")},
          {"Scope", "local"},
          {"Subnet", text("subnet")}};
}

std::vector<Json> network_rows(const Paths& paths) {
  auto client = connect_to_ask(paths, About::everything);
  if (!client) return {};
  Json result = client->call("networks", Json::object());
  std::vector<Json> rows;
  for (const Json& network : result.at("networks")) rows.push_back(row_of(network));
  return rows;
}

int run(const Invocation& invocation) {
  std::vector<Json> rows = network_rows(invocation.paths);
  std::string format = invocation.arguments.value_or("format", "table");
  std::vector<ui::Row> lines{{"NETWORK ID", "NAME", "DRIVER", "SCOPE"}};
  std::string ids;
  for (const Json& row : rows) {
    lines.push_back({row.at("ID"), row.at("Name"), row.at("Driver"), row.at("Scope")});
    ids += row.at("ID").get<std::string>() + "\n";
  }
  if (invocation.arguments.on("quiet"))
    print(ids);
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
