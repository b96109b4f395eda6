// build: the images of services that have a `build`.
#include <set>

#include "base/error.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/image_builds.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "build-arg", Takes::list, "NAME=VALUE", "Set a build argument; may be repeated"},
    {0, "no-cache", Takes::nothing, "", "Run every step again"},
    {0, "pull", Takes::nothing, "", "Ask registries for the images that are built upon"},
    {0, "push", Takes::nothing, "", "Push the images that are built"},
    {'q', "quiet", Takes::nothing, "", "Say nothing unless it fails"},
    {0, "progress", Takes::value, "FORM", ""},
    {0, "check", Takes::nothing, "", "Check the Dockerfiles and build nothing"},
    {0, "with-dependencies", Takes::nothing, "", "Build what the services depend on as well"},
    {0, "ssh", Takes::value, "AGENT", "An agent for RUN --mount=type=ssh: default or ID=SOCKET"},
    {'m', "memory", Takes::value, "SIZE", "What a RUN may use of memory at most"},
    {0, "builder", Takes::value, "NAME", ""},
};

std::vector<std::string> wanted_services(const Invocation& invocation,
                                         const spec::Project& project) {
  const std::vector<std::string>& words = invocation.words();
  // The loader brings what the named services depend on.
  if (!words.empty() && !invocation.arguments.on("with-dependencies")) return words;
  std::vector<std::string> names;
  for (const auto& [name, service] : project.services) names.push_back(name);
  return names;
}

void apply_flags(const Arguments& arguments, const std::map<std::string, std::string>& environment,
                 img::BuildOptions& options) {
  for (const std::string& written : arguments.list("build-arg"))
    add_argument(options.build_args, written, environment);
  if (arguments.on("no-cache")) options.no_cache = true;
  if (arguments.on("pull")) options.pull_always = true;
  if (auto agent = arguments.value("ssh")) add_agent(options, *agent, environment);
  if (auto size = arguments.value("memory")) set_memory(options, *size);
}

// Those without a name of their own are for this host alone.
void push(const Invocation& invocation, const spec::Project& project,
          const std::vector<std::string>& services) {
  std::vector<ImageTransfer> pushes;
  for (const std::string& name : services)
    if (const std::string& image = project.services.at(name).image; !image.empty())
      pushes.push_back({image, name, ""});
  ui::ProgressStyle style = progress_style(invocation, "push");
  if (invocation.arguments.on("quiet")) style.kind = ui::ProgressKind::quiet;
  ImageTransfers transfers(invocation, style);
  transfers.run(Direction::push, pushes);
  transfers.finish();
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.value("builder"))
    print_warning("--builder is not used: there is one builder, this program");
  LoadedProject loaded = load_project(invocation, invocation.words());
  const spec::Project& project = loaded.project;
  check_services(invocation.words(), service_names(project));
  std::vector<std::string> order = build_order(project, wanted_services(invocation, project));
  if (order.empty()) return print_warning("No services to build"), 0;
  ui::ProgressStyle style = progress_style(invocation, "build");
  if (arguments.on("quiet")) style.kind = ui::ProgressKind::quiet;
  if (invocation.dry_run()) {
    auto progress = ui::make_progress(style);
    for (const std::string& name : order)
      progress->show({cat("Image ", image_name(project, project.services.at(name))), "Built",
                      ui::StepState::done, ""});
    progress->finish();
    return 0;
  }
  auto environment = build_environment(loaded);
  ImageBuilds builds(invocation, style);
  std::vector<ServiceBuild> wanted = service_builds(loaded, order, environment);
  for (ServiceBuild& build : wanted) apply_flags(arguments, environment, build.options);
  if (arguments.on("check")) return builds.check(wanted);
  builds.build_all(std::move(wanted));
  builds.finish();
  if (arguments.on("push")) push(invocation, project, order);
  return 0;
}

}  // namespace

extern const Command build_command{.name = "build",
                                   .usage = "[OPTIONS] [SERVICE...]",
                                   .summary = "Build the services' images",
                                   .flags = flags,
                                   .run = run};

}  // namespace estiba::orchestrator
