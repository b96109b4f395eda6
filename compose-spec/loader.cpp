#include "compose-spec/loader.hpp"

#include "base/error.hpp"
#include "compose-spec/bind/bind.hpp"
#include "compose-spec/consistency.hpp"
#include "compose-spec/dump.hpp"
#include "compose-spec/env_files.hpp"
#include "compose-spec/model.hpp"
#include "compose-spec/normalise.hpp"
#include "compose-spec/profiles.hpp"
#include "compose-spec/project_files.hpp"
#include "compose-spec/schema/support.hpp"
#include "compose-spec/transfer.hpp"

namespace estiba::spec {
namespace {

bool is_set(const Environment& environment, const char* name) {
  auto found = environment.find(name);
  return found != environment.end() && (found->second == "1" || found->second == "true");
}

void configure(Session& session, const LoadOptions& options) {
  session.interpolate = options.interpolate;
  session.resolve_paths = options.resolve_paths;
  session.collect_variables = options.outputs & variables_output;
  // A project has values; only what is printed can do without.
  session.schema.interpolated =
      options.interpolate || (options.outputs & (project_output | transfer_output));
  session.schema.newer = is_set(options.environment, "COMPOSE_EXPERIMENTAL");
  auto home = options.environment.find("HOME");
  session.home = home == options.environment.end() ? "/root" : home->second;
}

std::string printed(const LoadOptions& options, std::string text) {
  return options.interpolate ? escape_dollars(std::move(text)) : std::move(text);
}

// The phases behind the reading of files, in order; PHASES.md says what each is for.
void complete(Session& session, const LoadOptions& options, const ProjectFiles& files, Node& model,
              Mapping& disabled) {
  Node* name = model.find("name");
  std::string project_name = name ? scalar_text(*name) : std::string();
  fill_resources(model);
  if (options.normalize && !model.find("services")) model.set("services", Mapping());
  if (options.normalize) normalise(model, {project_name, files.directory, files.environment});
  disabled = select_services(model, {files.profiles, options.targets});
  // Who runs the project needs to know of the others, who looks at it does not.
  if (!options.targets.empty() && !(options.outputs & transfer_output))
    keep_services(model, taking_part(model, options.targets, options.with_dependencies));
  if (options.check_consistency) {
    complete_replicas(model);
    check_consistency(model, disabled, session.report);
  }
  if (session.report.failed()) return;
  if (options.resolve_environment) resolve_service_files(session, model, files.environment);
  if (options.pin_images) pin_images(model, options.pin_images);
}

// Without interpolation: nothing is left out or decided that a variable may have a say in.
void complete_as_written(const LoadOptions& options, const ProjectFiles& files, Node& model,
                         const std::string& name) {
  if (options.normalize) {
    model.set("name", name);
    fill_resources(model);
    normalise(model, {name, files.directory, files.environment});
  }
  if (options.pin_images) pin_images(model, options.pin_images);
}

void fill_as_written(Loaded& loaded, const LoadOptions& options, Node& model) {
  if (options.images_alone) keep_images_alone(model);
  if (options.outputs & json_output)
    loaded.canonical_json = to_json(model, types::anything, JsonStyle::complete);
  if (options.outputs & yaml_output) loaded.canonical_yaml = to_yaml(model, types::anything);
}

void fill(Loaded& loaded, const LoadOptions& options, const ProjectFiles& files, Session& session,
          Node& model, const Mapping& disabled) {
  if (!options.all_resources) drop_unused_resources(model);
  const Type& type = compose_file_type();
  if (options.images_alone) keep_images_alone(model);
  // Docker Compose's JSON says null for what is not there, which in an override file removes it.
  JsonStyle style = options.images_alone ? JsonStyle::complete : JsonStyle::compose;
  if (options.outputs & json_output)
    loaded.canonical_json = printed(options, to_json(model, type, style));
  if (options.outputs & yaml_output) loaded.canonical_yaml = printed(options, to_yaml(model));
  if (!(options.outputs & (project_output | transfer_output))) return;
  Project project = bind_project(model, session.sources);
  project.working_dir = files.directory;
  project.config_files = files.files;
  project.env_files = files.env_files;
  project.disabled_services = bind_services(disabled, session.sources);
  if (options.outputs & transfer_output) {
    Report report(session.sources);
    report_stored_only(model, taking_part(model, options.targets, options.with_dependencies),
                       report);
    loaded.not_in_effect = report.take();
  }
  if (options.outputs & transfer_output)
    loaded.transfer_json = to_transfer_json(model, disabled, project);
  if (options.outputs & project_output) loaded.project = std::move(project);
}

}  // namespace

Loaded load(const LoadOptions& options) {
  Session session;
  configure(session, options);
  Loaded loaded;
  ProjectFiles files = find_project_files(session, options);
  std::string name = choose_project_name(session, options, files);
  files.environment["COMPOSE_PROJECT_NAME"] = name;
  // Without interpolation, the project's variables say nothing but its name.
  if (!session.schema.interpolated) files.environment = {{"COMPOSE_PROJECT_NAME", name}};
  Node model = load_model(session, files.files, {files.directory, files.environment, files.files});
  if (session.schema.interpolated) {
    Mapping disabled;
    if (session.whole) {
      model.set("name", name);
      complete(session, options, files, model, disabled);
    }
    if (!session.report.failed()) fill(loaded, options, files, session, model, disabled);
  } else {
    if (session.whole) complete_as_written(options, files, model, name);
    if (!session.report.failed()) fill_as_written(loaded, options, model);
  }
  if (session.collect_variables) loaded.variables_json = variables_to_json(session.variables);
  loaded.project_environment = std::move(files.environment);
  loaded.diagnostics = session.report.take();
  return loaded;
}

std::optional<std::string> project_name(const LoadOptions& options) {
  Session session;
  configure(session, options);
  try {
    return choose_project_name(session, options, find_project_files(session, options));
  } catch (const Error&) {
    if (!options.project_name.empty()) return options.project_name;
    auto found = options.environment.find("COMPOSE_PROJECT_NAME");
    if (found != options.environment.end() && !found->second.empty()) return found->second;
    return std::nullopt;
  }
}

}  // namespace estiba::spec
