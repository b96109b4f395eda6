#include "orchestrator/cli/volume_rows.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

Json row_of(const Json& volume) {
  auto text = [&](const char* key) { return json::string_at(volume, key).value_or(""); };
  std::vector<std::string> labels;
  if (auto found = volume.find("labels"); found != volume.end())
    for (const auto& [key, value] : found->items())
      labels.push_back(cat(key, "=", value.get<std::string>()));
  std::string driver = text("driver");
  return {{"Availability", "N/A"}, {"Driver", driver.empty() ? "local" : driver},
          {"Group", "N/A"},        {"Labels", text::join(labels, ",")},
          {"Links", "N/A"},        {"Mountpoint", text("mountpoint")},
          {"Name", text("name")},  {"Scope", "local"},
          {"Size", "N/A"},         {"Status", "N/A"}};
}

}  // namespace

std::vector<Json> volume_rows(const Paths& paths, const std::string& project) {
  auto client = connect_to_ask(paths, About::everything);
  if (!client) return {};
  Json params = Json::object();
  if (!project.empty()) params["project"] = project;
  Json result = client->call("volumes", params);
  std::vector<Json> rows;
  for (const Json& volume : result.at("volumes")) rows.push_back(row_of(volume));
  return rows;
}

void print_volumes(const Arguments& arguments, const std::vector<Json>& rows) {
  std::string format = arguments.value_or("format", "table");
  std::vector<ui::Row> lines{{"DRIVER", "VOLUME NAME"}};
  std::string names;
  for (const Json& row : rows) {
    lines.push_back({row.at("Driver"), row.at("Name")});
    names += row.at("Name").get<std::string>() + "\n";
  }
  if (arguments.on("quiet"))
    print(names);
  else
    print(format == "table" ? ui::table(lines) : ui::formatted(format, rows));
}

}  // namespace estiba::orchestrator
