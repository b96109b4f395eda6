// export: a service's files as one tar, without what is mounted into its container.
#include <unistd.h>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/one_container.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "index", Takes::value, "N", "Which of the service's containers"},
    {'o', "output", Takes::value, "FILE", "Write to a file instead of standard output"},
};

int run(const Invocation& invocation) {
  std::string file = invocation.arguments.value_or("output", "-");
  if (file == "-" && ui::is_terminal(FdRef(STDOUT_FILENO)))
    throw Error("an archive does not belong on a terminal; use -o FILE or a pipe");
  ContainerInfo container = one_container(invocation, invocation.words()[0]);
  if (invocation.dry_run()) return 0;
  img::Images(invocation.paths.root)
      .export_files(container.image_id, writable_layer(invocation.paths, container), file);
  return 0;
}

}  // namespace

extern const Command export_command{.name = "export",
                                    .usage = "[OPTIONS] SERVICE",
                                    .summary = "Write a service's files to a tar",
                                    .flags = flags,
                                    .min_words = 1,
                                    .max_words = 1,
                                    .run = run};

}  // namespace estiba::orchestrator
