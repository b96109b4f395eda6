// image save: images as one tar that Docker and OCI tools read.
#include <unistd.h>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "format", Takes::value, "FORM", "docker (OCI tools read it too), or oci"},
    {'o', "output", Takes::value, "FILE", "Write to a file instead of standard output"},
};

int run(const Invocation& invocation) {
  std::string file = invocation.arguments.value_or("output", "-");
  if (file == "-" && ui::is_terminal(FdRef(STDOUT_FILENO)))
    throw Error("an archive does not belong on a terminal; use -o FILE or a pipe");
  std::string format = invocation.arguments.value_or("format", "docker");
  if (format == "docker-archive") format = "docker";
  if (format == "oci-archive") format = "oci";
  if (format != "docker" && format != "oci")
    throw Error(cat("--format ", format, ": it must be docker or oci"));
  img::Images(invocation.paths.root)
      .save(invocation.words(), file,
            format == "oci" ? img::SaveFormat::oci : img::SaveFormat::docker);
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
