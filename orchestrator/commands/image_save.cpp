// image save: images as one tar that Docker and OCI tools read.
#include <unistd.h>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'o', "output", Takes::value, "FILE", "Write to a file instead of standard output"},
};

int run(const Invocation& invocation) {
  std::string file = invocation.arguments.value_or("output", "-");
  if (file == "-" && ui::is_terminal(FdRef(STDOUT_FILENO)))
    throw Error("an archive does not belong on a terminal; use -o FILE or a pipe");
  img::Images(invocation.paths.root).save(invocation.words(), file);
  return 0;
}

}  // namespace

extern const Command image_save_command{.name = "image save",
                                        .usage = "[OPTIONS] NAME...",
                                        .summary = "Write images to a tar",
                                        .flags = flags,
                                        .min_words = 1,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
