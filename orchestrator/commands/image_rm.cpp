// image rm: names go, and with its last name the image.
#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'f', "force", Takes::nothing, "", "Even if a container was made from it"},
};

int run(const Invocation& invocation) {
  img::Images store(invocation.paths.root);
  std::vector<std::string> in_use = images_in_use(invocation.paths);
  int code = 0;
  for (const std::string& name : invocation.words()) {
    try {
      for (const std::string& line : store.remove(name, in_use, invocation.arguments.on("force")))
        print(line + "\n");
    } catch (const Error& error) {
      // One that cannot go does not keep the others.
      print_error(error.message(), ErrorForm::text);
      code = error.exit_code();
    }
  }
  return code;
}

}  // namespace

extern const Command image_rm_command{.name = "image rm",
                                      .usage = "[OPTIONS] NAME...",
                                      .summary = "Remove images",
                                      .flags = flags,
                                      .min_words = 1,
                                      .section = Section::host,
                                      .run = run};

}  // namespace estiba::orchestrator
