// push: the images of services that are built, to the registries of their names.
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "ignore-push-failures", Takes::nothing, "", "Go on when an image cannot be pushed"},
    {0, "include-deps", Takes::nothing, "", "Push what the services depend on as well"},
    {'q', "quiet", Takes::nothing, "", "Show no progress"},
    {0, "dry-run", Takes::nothing, "", "Say what would be pushed, push nothing"},
};

struct Pushes {
  std::vector<ImageTransfer> wanted;
  std::vector<std::string> skipped;  ///< services without a name for their image
};

Pushes pushes_of(const Invocation& invocation, const spec::Project& project) {
  Pushes out;
  std::set<std::string> named;
  const auto& words = invocation.words();
  bool all = words.empty() || invocation.arguments.on("include-deps");
  auto on_failure = invocation.arguments.on("ignore-push-failures")
                        ? ImageTransfer::OnFailure::go_on
                        : ImageTransfer::OnFailure::stop;
  for (const auto& [name, service] : project.services) {
    if (!service.build) continue;
    if (!all && std::find(words.begin(), words.end(), name) == words.end()) continue;
    if (service.image.empty()) {
      out.skipped.push_back(name);
      continue;
    }
    std::vector<std::string> images = service.build->tags;
    images.insert(images.begin(), service.image);
    for (const auto& image : images)
      if (named.insert(image).second) out.wanted.push_back({image, name, "", on_failure});
  }
  return out;
}

int run(const Invocation& invocation) {
  LoadedProject loaded = load_project(invocation, invocation.words());
  check_services(invocation.words(), service_names(loaded.project));
  Pushes pushes = pushes_of(invocation, loaded.project);
  ui::ProgressStyle style = progress_style(invocation, "push");
  if (invocation.arguments.on("quiet")) style.kind = ui::ProgressKind::quiet;
  if (invocation.dry_run()) {
    auto progress = ui::make_progress(style);
    for (const auto& push : pushes.wanted)
      progress->show({cat("Image ", push.image), "Pushed", ui::StepState::done, ""});
    progress->finish();
    return 0;
  }
  ImageTransfers transfers(invocation, style);
  for (const auto& service : pushes.skipped) transfers.skip(service, "No image to be pushed");
  transfers.run(Direction::push, pushes.wanted);
  transfers.finish();
  return 0;
}

}  // namespace

extern const Command push_command{.name = "push",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Send the services' images to registries",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
