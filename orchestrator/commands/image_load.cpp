// image load: images from a tar of `image save`, Docker's or an OCI tool's.
#include <unistd.h>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_output.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'i', "input", Takes::value, "FILE", "Read a file instead of standard input"},
    {'q', "quiet", Takes::nothing, "", ""},
};

int run(const Invocation& invocation) {
  std::string file = invocation.arguments.value_or("input", "-");
  if (file == "-" && ui::is_terminal(FdRef(STDIN_FILENO)))
    throw Error("there is no archive on a terminal; use -i FILE or a pipe");
  img::Images store(invocation.paths.root);
  ImageProgress progress(invocation, cat("Archive ", file));
  std::vector<std::string> names = store.load(file, progress.listener());
  progress.done("Loaded");
  for (const std::string& name : names)
    print(cat(name.starts_with("sha256:") ? "Loaded image ID: " : "Loaded image: ", name, "\n"));
  return 0;
}

}  // namespace

extern const Command image_load_command{.name = "image load",
                                        .usage = "[OPTIONS]",
                                        .summary = "Read images from a tar",
                                        .flags = flags,
                                        .max_words = 0,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
