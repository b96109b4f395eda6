// pull: the services' images, by their policies.
#include <map>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "ignore-buildable", Takes::nothing, "", "Leave out images that can be built"},
    {0, "ignore-pull-failures", Takes::nothing, "", "Go on when an image cannot be pulled"},
    {0, "include-deps", Takes::nothing, "", "Pull what the services depend on as well"},
    {0, "policy", Takes::value, "WHEN", "In place of the services' own: missing or always"},
    {'q', "quiet", Takes::nothing, "", "Show no progress"},
    {0, "dry-run", Takes::nothing, "", "Say what would be pulled, pull nothing"},
};

// A moving tag is asked for again even where there is an image.
bool is_here_to_stay(const img::Images& store, const std::string& image) {
  auto reference = img::Reference::parse(image);
  return reference && reference->tag != "latest" && store.find(image);
}

/// Why a service has nothing to pull; nothing if it has.
std::optional<std::string> reason_to_skip(const Invocation& invocation, const img::Images& store,
                                          const spec::Service& service) {
  const std::string& policy = service.pull_policy;
  if (service.image.empty()) return "No image to be pulled";
  if (policy == "never" || policy == "build") return cat("pull_policy is ", policy);
  if (policy == "missing" && is_here_to_stay(store, service.image))
    return "Image is already present locally";
  if (service.build && invocation.arguments.on("ignore-buildable")) return "Image can be built";
  return std::nullopt;
}

void apply_policy(const Arguments& arguments, spec::Project& project) {
  auto policy = arguments.value("policy");
  if (!policy) return;
  if (*policy != "missing" && *policy != "always")
    throw Error(cat("invalid --policy \"", *policy, "\"; it is missing or always"));
  for (auto& [name, service] : project.services)
    if (!service.image.empty()) service.pull_policy = *policy;
}

struct Pulls {
  std::vector<ImageTransfer> wanted;
  std::vector<std::pair<std::string, std::string>> skipped;  ///< image or service, and why
};

Pulls pulls_of(const Invocation& invocation, const spec::Project& project) {
  Pulls out;
  std::map<std::string, std::string> pulled_for;
  img::Images store(invocation.paths.root);
  const auto& words = invocation.words();
  bool all = words.empty() || invocation.arguments.on("include-deps");
  for (const auto& [name, service] : project.services) {
    if (!all && std::find(words.begin(), words.end(), name) == words.end()) continue;
    const std::string& image = service.image;
    if (auto reason = reason_to_skip(invocation, store, service)) {
      out.skipped.emplace_back(image.empty() ? name : image, *reason);
    } else if (pulled_for.emplace(image, name).second) {
      bool passed_over = service.build || invocation.arguments.on("ignore-pull-failures");
      out.wanted.push_back(
          {image, name, service.platform,
           passed_over ? ImageTransfer::OnFailure::go_on : ImageTransfer::OnFailure::stop});
    }
  }
  return out;
}

void advise_to_build(const spec::Project& project, const std::vector<TransferOutcome>& outcomes) {
  std::string names;
  for (const auto& outcome : outcomes)
    if (!outcome.result && project.services.at(outcome.transfer.service).build)
      names += " " + outcome.transfer.service;
  if (!names.empty())
    print_warning(cat("Some images must be built from source, by: estiba build", names));
}

int run(const Invocation& invocation) {
  LoadedProject loaded = load_project(invocation, invocation.words());
  check_services(invocation.words(), service_names(loaded.project));
  apply_policy(invocation.arguments, loaded.project);
  Pulls pulls = pulls_of(invocation, loaded.project);
  ui::ProgressStyle style = progress_style(invocation, "pull");
  if (invocation.arguments.on("quiet")) style.kind = ui::ProgressKind::quiet;
  if (invocation.dry_run()) {
    auto progress = ui::make_progress(style);
    for (const auto& pull : pulls.wanted)
      progress->show({cat("Image ", pull.image), "Pulled", ui::StepState::done, ""});
    progress->finish();
    return 0;
  }
  ImageTransfers transfers(invocation, style);
  for (const auto& [image, reason] : pulls.skipped) transfers.skip(image, reason);
  auto outcomes = transfers.run(Direction::pull, pulls.wanted);
  transfers.finish();
  advise_to_build(loaded.project, outcomes);
  return 0;
}

}  // namespace

extern const Command pull_command{.name = "pull",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Fetch the services' images from registries",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
