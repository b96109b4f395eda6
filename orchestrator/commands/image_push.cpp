// image push: an image to the registry of its name.
#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'q', "quiet", Takes::nothing, "", "Print the image's name alone"},
};

int run(const Invocation& invocation) {
  const std::string& name = invocation.words()[0];
  bool quiet = invocation.arguments.on("quiet");
  auto reference = img::Reference::parse(name);
  if (!reference) throw Error(cat("\"", name, "\" is not a valid image reference"));
  ui::ProgressStyle style = progress_style(invocation, "push");
  if (quiet) style.kind = ui::ProgressKind::quiet;
  ImageTransfers transfers(invocation, style);
  auto outcomes = transfers.run(Direction::push, {{reference->familiar(), "", ""}});
  transfers.finish();
  if (quiet)
    print(reference->full() + "\n");
  else
    print(cat(reference->tag, ": digest: ", outcomes.front().result->digest, "\n"));
  return 0;
}

}  // namespace

extern const Command image_push_command{.name = "image push",
                                        .usage = "[OPTIONS] NAME",
                                        .summary = "Send an image to its registry",
                                        .flags = flags,
                                        .min_words = 1,
                                        .max_words = 1,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
