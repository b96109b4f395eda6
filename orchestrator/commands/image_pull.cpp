// image pull: an image from its registry.
#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "platform", Takes::value, "PLATFORM", "Of an image for several: linux/arm64"},
    {'q', "quiet", Takes::nothing, "", "Print the image's name alone"},
};

int run(const Invocation& invocation) {
  const std::string& name = invocation.words()[0];
  bool quiet = invocation.arguments.on("quiet");
  auto reference = img::Reference::parse(name);
  if (!reference) throw Error(cat("\"", name, "\" is not a valid image reference"));
  ui::ProgressStyle style = progress_style(invocation, "pull");
  if (quiet) style.kind = ui::ProgressKind::quiet;
  ImageTransfers transfers(invocation, style);
  auto outcomes =
      transfers.run(Direction::pull,
                    {{reference->familiar(), "", invocation.arguments.value_or("platform", "")}});
  transfers.finish();
  const img::Transferred& result = *outcomes.front().result;
  if (!quiet)
    print(cat("Digest: ", result.digest, "\nStatus: ",
              result.changed ? "Downloaded newer image for " : "Image is up to date for ",
              reference->familiar(), "\n"));
  print(reference->full() + "\n");
  return 0;
}

}  // namespace

extern const Command image_pull_command{.name = "image pull",
                                        .usage = "[OPTIONS] NAME",
                                        .summary = "Fetch an image from its registry",
                                        .flags = flags,
                                        .min_words = 1,
                                        .max_words = 1,
                                        .section = Section::host,
                                        .run = run};

}  // namespace estiba::orchestrator
