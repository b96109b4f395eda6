// attributes: what may be written in a Compose file, below a path of it.
#include "compose-spec/schema/attributes.hpp"

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

int run(const Invocation& invocation) {
  std::string path = invocation.words().empty() ? "" : invocation.words().front();
  if (path.ends_with('.')) path.pop_back();
  std::vector<ui::Row> rows{{"ATTRIBUTE", "WHAT MAY BE WRITTEN"}};
  for (const spec::AttributeLine& line : spec::attributes_below(path))
    rows.push_back({line.name, cat(line.what, line.stored_only ? " (not in effect yet)" : "")});
  print(ui::table(rows));
  return 0;
}

}  // namespace

extern const Command attributes_command{
    .name = "attributes",
    .usage = "[PATH]",
    .summary = "List what a Compose file may say, for example below services.web.build",
    .max_words = 1,
    .section = Section::host,
    .privilege = Privilege::none,
    .run = run};

}  // namespace estiba::orchestrator
