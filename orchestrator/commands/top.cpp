// top: the processes of each container, from /proc of this host.
#include <pwd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/process_list.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  char text[4096];
  if (::getpwuid_r(uid, &entry, text, sizeof text, &found) == 0 && found) return found->pw_name;
  return std::to_string(uid);
}

ui::Row row_of(const ContainerInfo& container, const ProcessInfo& process) {
  return {container.service,
          std::to_string(container.number),
          user_name(process.uid),
          std::to_string(process.pid),
          std::to_string(process.parent),
          std::to_string(process.cpu_percent),
          process.started,
          process.terminal,
          process.cpu_time,
          process.command};
}

int run(const Invocation& invocation) {
  Chosen chosen = chosen_containers(invocation);
  std::vector<ui::Row> rows{
      {"SERVICE", "#", "UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}};
  for (const ContainerInfo& container : chosen.containers) {
    if (container.pid == 0) continue;
    for (const ProcessInfo& process : processes_of(container.id, container.pid))
      rows.push_back(row_of(container, process));
  }
  if (rows.size() > 1) print(ui::table(rows, ui::dense_style));
  return 0;
}

}  // namespace

extern const Command top_command{.name = "top",
                                 .usage = "[SERVICE...]",
                                 .summary = "Show the processes of containers",
                                 .run = run};

}  // namespace estiba::orchestrator
