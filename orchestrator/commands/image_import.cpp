// image import: a root filesystem in a tar file becomes an image.
#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_output.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'c', "change", Takes::list, "INSTRUCTION",
     "A Dockerfile instruction (CMD, ENV, ...); repeatable"},
    {'m', "message", Takes::value, "TEXT", "A comment for the image's history"},
    {0, "platform", Takes::value, "PLATFORM", ""},
};

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const std::vector<std::string>& words = arguments.words;
  img::Images store(invocation.paths.root);
  ImageProgress progress(invocation, cat("Image ", words.size() > 1 ? words[1] : words[0]));
  std::string id =
      store.import(words[0], words.size() > 1 ? words[1] : "", arguments.list("change"),
                   arguments.value_or("message", ""), progress.listener());
  progress.done("Imported");
  print(id + "\n");
  return 0;
}

}  // namespace

extern const Command image_import_command{.name = "image import",
                                          .usage = "[OPTIONS] FILE|- [NAME]",
                                          .summary = "Make an image of a root filesystem's tar",
                                          .flags = flags,
                                          .min_words = 1,
                                          .max_words = 2,
                                          .section = Section::host,
                                          .run = run};

}  // namespace estiba::orchestrator
