// image bootstrap: a Debian base image from the mirror that this host's apt uses.
#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_output.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "include", Takes::list, "PACKAGE,...", "Debian packages to install; may be repeated"},
};

int run(const Invocation& invocation) {
  const std::string& name = invocation.words()[0];
  img::Images store(invocation.paths.root);
  ImageProgress progress(invocation, cat("Image ", name));
  std::string id =
      store.bootstrap(name, invocation.arguments.comma_list("include"), progress.listener());
  progress.done("Created");
  print(id + "\n");
  return 0;
}

}  // namespace

extern const Command image_bootstrap_command{.name = "image bootstrap",
                                             .usage = "[OPTIONS] NAME",
                                             .summary = "Make a Debian base image",
                                             .flags = flags,
                                             .min_words = 1,
                                             .max_words = 1,
                                             .section = Section::host,
                                             .run = run};

}  // namespace estiba::orchestrator
