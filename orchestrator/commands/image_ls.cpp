// image ls: what the store holds, one line a name.
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/units.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/ps_format.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Ids only"},
    {0, "digests", Takes::nothing, "", "Show what registries know the images by"},
    {0, "no-trunc", Takes::nothing, "", "Show ids in full"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
    {'a', "all", Takes::nothing, "", ""},
};

std::string shown_id(const std::string& id, Truncate truncate) {
  if (truncate == Truncate::no) return id;
  size_t colon = id.find(':');
  return id.substr(colon == id.npos ? 0 : colon + 1).substr(0, 12);
}

// The repository's name as people write it, with neither tag nor digest.
std::string familiar_repository(img::Reference reference) {
  reference.tag.clear();
  reference.digest.clear();
  return reference.familiar();
}

// What the registry of this repository knows the image by.
std::string digest_in(const img::ImageRecord& image, const img::Reference& reference) {
  for (const std::string& name : image.digests) {
    auto known = img::Reference::parse(name);
    if (known && known->registry == reference.registry && known->repository == reference.repository)
      return known->digest;
  }
  return "<none>";
}

Json row_of(const img::ImageRecord& image, const std::string& reference, Truncate truncate) {
  std::string repository = "<none>", tag = "<none>", digest = "<none>";
  if (auto parsed = img::Reference::parse(reference); parsed && !reference.empty()) {
    if (!parsed->tag.empty()) tag = parsed->tag;
    repository = familiar_repository(*parsed);
    digest = digest_in(image, *parsed);
  }
  return {{"Containers", "N/A"},
          {"CreatedAt", image.config.created},
          {"CreatedSince", ago(image.config.created, wall_now())},
          {"Digest", digest},
          {"ID", shown_id(image.id, truncate)},
          {"Repository", repository},
          {"Size", units::human_size(image.size)},
          {"Tag", tag}};
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Truncate truncate = arguments.on("no-trunc") ? Truncate::no : Truncate::yes;
  std::vector<Json> rows;
  std::string ids;
  for (const img::ImageRecord& image : img::Images(invocation.paths.root).list()) {
    std::vector<std::string> names = image.references;
    if (names.empty()) names = image.digests;
    if (names.empty()) names.push_back("");
    for (const std::string& name : names) rows.push_back(row_of(image, name, truncate));
    ids += shown_id(image.id, truncate) + "\n";
  }
  std::string format = arguments.value_or("format", "table");
  if (arguments.on("quiet")) return print(ids), 0;
  if (format != "table") return print(ui::formatted(format, rows)), 0;
  std::vector<ui::Row> lines{{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"}};
  for (const Json& row : rows)
    lines.push_back({row.at("Repository"), row.at("Tag"), row.at("ID"), row.at("CreatedSince"),
                     row.at("Size")});
  if (arguments.on("digests")) {
    lines.front().insert(lines.front().begin() + 2, "DIGEST");
    for (size_t i = 0; i < rows.size(); ++i)
      lines[i + 1].insert(lines[i + 1].begin() + 2, rows[i].at("Digest"));
  }
  print(ui::table(lines));
  return 0;
}

}  // namespace

extern const Command image_ls_command{.name = "image ls",
                                      .usage = "[OPTIONS]",
                                      .summary = "List images",
                                      .flags = flags,
                                      .max_words = 0,
                                      .section = Section::host,
                                      .run = run};

}  // namespace estiba::orchestrator
