// down: containers and networks go; volumes and images only when asked for.
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'v', "volumes", Takes::nothing, "", "Remove the project's named and anonymous volumes too"},
    {'t', "timeout", Takes::value, "SECONDS", "Time to stop in, before SIGKILL"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
    {0, "rmi", Takes::value, "WHICH", "Remove images: \"local\" (built, unnamed) or \"all\""},
};

/// Without a file: what the containers were made from; "local" are those named after the service.
std::set<std::string> images_of(const std::vector<ContainerInfo>& containers, bool all) {
  std::set<std::string> images;
  for (const ContainerInfo& container : containers) {
    bool local = container.image.starts_with(cat(container.project, "-", container.service));
    if (all || local) images.insert(container.image);
  }
  return images;
}

std::set<std::string> images_of(const spec::Project& project, bool all) {
  std::set<std::string> images;
  for (const auto& [name, service] : project.services) {
    std::string image = service.image.empty() ? cat(project.name, "-", name) : service.image;
    if (all || service.build) images.insert(image);
  }
  return images;
}

void remove_images(const Invocation& invocation, const std::set<std::string>& images) {
  if (images.empty()) return;
  img::Images store(invocation.paths.root);
  std::vector<std::string> in_use = images_in_use(invocation.paths);
  auto progress = ui::make_progress(progress_style(invocation, "down"));
  for (const std::string& image : images) {
    std::string id = cat("Image ", image);
    if (!store.find(image)) continue;
    progress->show({id, "Removing", ui::StepState::working, ""});
    try {
      store.remove(image, in_use, false);
      progress->show({id, "Removed", ui::StepState::done, ""});
    } catch (const Error& error) {
      progress->show({id, "Error", ui::StepState::warning, error.message()});
    }
  }
  progress->finish();
}

struct Model {
  std::string project;
  std::optional<LoadedProject> loaded;
};

Model model_of(const Invocation& invocation) {
  if (named_without_file(invocation)) return {project_name_of(invocation), std::nullopt};
  spec::LoadOptions options = load_options(invocation, invocation.words());
  LoadedProject loaded = load_project(options);
  check_services(invocation.words(), service_names(loaded.project));
  std::string name = loaded.project.name;
  return {name, std::move(loaded)};
}

Json down_params(const Invocation& invocation, const Model& model) {
  const Arguments& arguments = invocation.arguments;
  Json options{{"targets", invocation.words()},
               {"volumes", arguments.on("volumes")},
               {"dry_run", invocation.dry_run()},
               {"remove_orphans",
                flag_or_environment(arguments, "remove-orphans", "COMPOSE_REMOVE_ORPHANS")}};
  add_timeout(options, arguments);
  Json params{{"project", model.project}, {"options", std::move(options)}};
  if (model.loaded)
    params["model"] = parse_json(model.loaded->loaded.transfer_json, "the project's model");
  return params;
}

void warn_of_nothing(const std::string& project) {
  print_warning(cat("No resource found to remove for project \"", project, "\"."));
}

int run(const Invocation& invocation) {
  std::string rmi = invocation.arguments.value_or("rmi", "");
  if (!rmi.empty() && rmi != "local" && rmi != "all")
    throw Error(cat("invalid value for --rmi: \"", rmi, "\"; it must be \"local\" or \"all\""));
  Model model = model_of(invocation);
  std::set<std::string> images;
  if (!rmi.empty() && model.loaded) images = images_of(model.loaded->project, rmi == "all");
  if (!rmi.empty() && !model.loaded)
    images = images_of(containers_of(invocation.paths, model.project), rmi == "all");
  bool nothing = !connect_to_ask(invocation.paths, About::everything).has_value();
  if (nothing) {
    warn_of_nothing(model.project);
  } else {
    Json result = call_with_progress(invocation, "down", down_params(invocation, model));
    if (json::int_at(result, "removed") == 0) warn_of_nothing(model.project);
  }
  remove_images(invocation, images);
  return 0;
}

}  // namespace

extern const Command down_command{.name = "down",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Stop and remove containers and networks",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
