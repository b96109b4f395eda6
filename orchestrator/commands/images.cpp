// images: what the project's containers were made from.
#include "imgmgr/images.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/units.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/ps_format.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Ids only"},
    {0, "format", Takes::value, "FORM", "table or json"},
};

struct Line {
  std::string container, repository, tag, id, platform, created;
  uint64_t size = 0;
};

Line line_of(const ContainerInfo& container, const img::Images& store) {
  Line line;
  line.container = container.name;
  line.id = container.image_id;
  if (auto reference = img::Reference::parse(container.image)) {
    std::string familiar = reference->familiar();
    size_t colon = familiar.rfind(':');
    line.repository = familiar.substr(0, colon);
    line.tag = reference->tag.empty() ? "<none>" : reference->tag;
  }
  auto record = store.find(container.image_id.empty() ? container.image : container.image_id);
  if (!record) return line;
  line.id = record->id;
  line.platform = cat(record->config.os, "/", record->config.architecture);
  line.size = record->size;
  line.created = record->config.created;
  return line;
}

std::string short_id(const std::string& id) {
  return id.substr(id.find(':') == id.npos ? 0 : id.find(':') + 1).substr(0, 12);
}

std::string ids(const std::vector<Line>& lines) {
  std::set<std::string> all;
  for (const Line& line : lines) all.insert(line.id.substr(line.id.find(':') + 1));
  std::string out;
  for (const std::string& id : all) out += id + "\n";
  return out;
}

std::string as_table(const std::vector<Line>& lines) {
  std::vector<ui::Row> rows{
      {"CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"}};
  for (const Line& line : lines)
    rows.push_back({line.container, line.repository, line.tag, line.platform, short_id(line.id),
                    units::human_size(line.size, 3), ago(line.created, wall_now())});
  return ui::table(rows, ui::wide_style);
}

std::string as_json(const std::vector<Line>& lines) {
  Json array = Json::array();
  for (const Line& line : lines)
    array.push_back({{"ID", line.id},
                     {"ContainerName", line.container},
                     {"Repository", line.repository},
                     {"Tag", line.tag},
                     {"Platform", line.platform},
                     {"Size", line.size},
                     {"Created", line.created},
                     {"LastTagTime", line.created}});
  return json::dump(array) + "\n";
}

int run(const Invocation& invocation) {
  std::string format = invocation.arguments.value_or("format", "table");
  if (format != "table" && format != "json")
    throw Error(cat("unsupported format \"", format, "\"; it must be table or json"));
  Chosen chosen = chosen_containers(invocation);
  std::vector<Line> lines;
  if (!chosen.containers.empty()) {
    img::Images store(invocation.paths.root);
    for (const ContainerInfo& container : chosen.containers)
      lines.push_back(line_of(container, store));
  }
  if (invocation.arguments.on("quiet"))
    print(ids(lines));
  else
    print(format == "json" ? as_json(lines) : as_table(lines));
  return 0;
}

}  // namespace

extern const Command images_command{.name = "images",
                                    .usage = "[OPTIONS] [SERVICE...]",
                                    .summary = "List the images of containers",
                                    .flags = flags,
                                    .run = run};

}  // namespace estiba::orchestrator
