// image tag: another name for an image.
#include "imgmgr/images.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

int run(const Invocation& invocation) {
  img::Images(invocation.paths.root).tag(invocation.words()[0], invocation.words()[1]);
  return 0;
}

}  // namespace

extern const Command image_tag_command{.name = "image tag",
                                       .usage = "NAME NEW_NAME",
                                       .summary = "Give an image another name",
                                       .min_words = 2,
                                       .max_words = 2,
                                       .section = Section::host,
                                       .run = run};

}  // namespace estiba::orchestrator
