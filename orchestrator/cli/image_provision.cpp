#include "orchestrator/cli/image_provision.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/image_builds.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/pull_policy.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {
namespace {

bool is_pull_flag(const std::string& value) {
  for (const char* known : {"always", "missing", "never", "build", "policy"})
    if (value == known) return true;
  return false;
}

// An image for another machine is as good as none.
bool is_for(const img::ImageRecord& image, const std::string& platform) {
  if (platform.empty()) return true;
  return img::platform_fit(img::parse_platform(platform),
                           {image.config.os, image.config.architecture, image.config.variant}) > 0;
}

LocalImage local_image(const img::Images& store, const std::string& name,
                       const std::string& platform) {
  auto found = store.find(name);
  if (!found || !is_for(*found, platform)) return {};
  return {true, store.last_pulled(name)};
}

bool is_built_here(const spec::Project& project, const std::string& image) {
  return std::any_of(project.services.begin(), project.services.end(), [&](const auto& entry) {
    return entry.second.build && image_name(project, entry.second) == image;
  });
}

// As Compose: what volumes of type image name is fetched when it is missing, whatever the policy;
// but for "never".
void add_mounted_images(const Invocation& invocation, const spec::Project& project,
                        const std::vector<std::string>& targets, std::vector<ImageTransfer>& out) {
  img::Images store(invocation.paths.root);
  auto is_known = [&](const std::string& image) {
    return std::any_of(out.begin(), out.end(),
                       [&](const auto& pull) { return pull.image == image; });
  };
  for (const auto& [name, service] : project.services) {
    if (service.pull_policy == "never" || !is_target(invocation, targets, name)) continue;
    for (const spec::ServiceVolume& volume : service.volumes)
      if (volume.type == "image" && !is_known(volume.source) &&
          !is_built_here(project, volume.source) && !store.find(volume.source))
        out.push_back({volume.source, name, "", ImageTransfer::OnFailure::stop});
  }
}

std::vector<ImageTransfer> wanted_pulls(const Invocation& invocation, const LoadedProject& loaded,
                                        const std::vector<std::string>& targets) {
  std::vector<ImageTransfer> out;
  std::set<std::string> named;
  img::Images store(invocation.paths.root);
  WallTime now = wall_now();
  for (const auto& [name, service] : loaded.project.services) {
    if (service.image.empty() || !is_target(invocation, targets, name)) continue;
    Origin origin = service.build ? Origin::built : Origin::registry_only;
    LocalImage local = local_image(store, service.image, service.platform);
    if (!must_pull(service.pull_policy, origin, local, now)) continue;
    if (!named.insert(service.image).second) continue;
    auto on_failure =
        service.build ? ImageTransfer::OnFailure::go_on : ImageTransfer::OnFailure::stop;
    out.push_back({service.image, name, service.platform, on_failure});
  }
  add_mounted_images(invocation, loaded.project, targets, out);
  return out;
}

}  // namespace

void apply_pull_flags(const Arguments& arguments, spec::Project& project) {
  auto policy = arguments.value("pull");
  if (policy && !is_pull_flag(*policy))
    throw Error(cat("invalid --pull option \"", *policy,
                    "\"; it is always, missing, never, build or policy"));
  for (auto& [name, service] : project.services) {
    if (policy && *policy != "policy") service.pull_policy = *policy;
    if (arguments.on("build") && service.build) service.pull_policy = "build";
  }
}

void provide_images(const Invocation& invocation, LoadedProject& loaded,
                    const std::vector<std::string>& targets) {
  apply_pull_flags(invocation.arguments, loaded.project);
  if (invocation.dry_run()) return;
  auto pulls = wanted_pulls(invocation, loaded, targets);
  if (!pulls.empty()) {
    ui::ProgressStyle style = progress_style(invocation, std::string(invocation.command.name));
    bool quiet = invocation.arguments.on("quiet-pull") || invocation.arguments.on("quiet");
    if (quiet) style.kind = ui::ProgressKind::quiet;
    ImageTransfers transfers(invocation, style);
    transfers.run(Direction::pull, pulls);
    transfers.finish();
  }
  build_missing(invocation, loaded, targets);
}

}  // namespace estiba::orchestrator
