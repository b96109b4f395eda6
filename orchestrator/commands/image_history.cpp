// image history: the steps by which an image was made, the latest first.
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

constexpr size_t shown_command = 45;

constexpr Flag flags[] = {
    {0, "no-trunc", Takes::nothing, "", "Show commands in full"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

// Cut at the start of a character, never within one.
std::string shortened(const std::string& text, Truncate truncate) {
  if (truncate == Truncate::no || text.size() <= shown_command) return text;
  size_t end = shown_command;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// Layers belong to the entries that made one, in their order.
std::vector<uint64_t> sizes_of(const img::ImageRecord& image) {
  std::vector<uint64_t> out;
  size_t layer = 0;
  for (const img::HistoryEntry& entry : image.history) {
    bool has_one = !entry.empty_layer && layer < image.layer_sizes.size();
    out.push_back(has_one ? image.layer_sizes[layer++] : 0);
  }
  return out;
}

Json row_of(const img::HistoryEntry& entry, uint64_t size, Truncate truncate) {
  return {{"Comment", entry.comment},
          {"CreatedAt", entry.created},
          {"CreatedBy", shortened(entry.created_by, truncate)},
          {"CreatedSince", ago(entry.created, wall_now())},
          {"Size", units::human_size(size)}};
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const std::string& name = invocation.words()[0];
  auto image = img::Images(invocation.paths.root).find(name);
  if (!image) throw Error(cat("there is no image \"", name, "\""));
  Truncate truncate = arguments.on("no-trunc") ? Truncate::no : Truncate::yes;
  std::vector<Json> rows;
  std::vector<uint64_t> sizes = sizes_of(*image);
  for (size_t i = image->history.size(); i-- > 0;)
    rows.push_back(row_of(image->history[i], sizes[i], truncate));
  std::string format = arguments.value_or("format", "table");
  if (format != "table") return print(ui::formatted(format, rows)), 0;
  std::vector<ui::Row> lines{{"CREATED", "CREATED BY", "SIZE", "COMMENT"}};
  for (const Json& row : rows)
    lines.push_back(
        {row.at("CreatedSince"), row.at("CreatedBy"), row.at("Size"), row.at("Comment")});
  print(ui::table(lines));
  return 0;
}

}  // namespace

extern const Command image_history_command{.name = "image history",
                                           .usage = "[OPTIONS] NAME",
                                           .summary = "Show how an image was made",
                                           .flags = flags,
                                           .min_words = 1,
                                           .max_words = 1,
                                           .section = Section::host,
                                           .run = run};

}  // namespace estiba::orchestrator
