// config: the project as it is after everything, or one list out of it.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/image_digests.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/table.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "format", Takes::value, "FORM", "yaml or json"},
    {'q', "quiet", Takes::nothing, "", "Only check"},
    {'o', "output", Takes::value, "FILE", "Write to a file"},
    {0, "services", Takes::nothing, "", "Names of services only"},
    {0, "volumes", Takes::nothing, "", "Names of volumes only"},
    {0, "networks", Takes::nothing, "", "Names of networks only"},
    {0, "images", Takes::nothing, "", "Names of images only"},
    {0, "profiles", Takes::nothing, "", "Names of profiles only"},
    {0, "models", Takes::nothing, "", "The models that services use"},
    {0, "hash", Takes::value, "SERVICE", "The configuration hash of a service; \"*\" means all"},
    {0, "environment", Takes::nothing, "", "The variables that the files are read with"},
    {0, "variables", Takes::nothing, "", "The variables that the files use"},
    {0, "no-interpolate", Takes::nothing, "", "Leave ${VARIABLES} as they are"},
    {0, "no-normalize", Takes::nothing, "", "Do not fill in defaults"},
    {0, "no-path-resolution", Takes::nothing, "", "Leave relative paths as they are"},
    {0, "no-consistency", Takes::nothing, "", "Do not check names against each other"},
    {0, "no-env-resolution", Takes::nothing, "", "Do not read the services' env_files"},
    {0, "resolve-image-digests", Takes::nothing, "", "Pin images to their digests"},
    {0, "lock-image-digests", Takes::nothing, "", "An override file that pins images"},
};

constexpr const char* parts_of_project[] = {"services", "volumes",  "networks",
                                            "images",   "profiles", "hash"};

/// The model itself is wanted, or checked; not one list out of it.
bool wants_whole(const Arguments& arguments) {
  for (const char* part : parts_of_project)
    if (arguments.given(part)) return false;
  return !arguments.on("models") && !arguments.on("environment") && !arguments.on("variables");
}

/// What has to be made of the files for what is asked for; for `--quiet` nothing at all.
unsigned outputs_for(const Arguments& arguments) {
  if (arguments.on("quiet")) return 0;
  if (arguments.on("environment")) return 0;
  if (arguments.on("variables")) return spec::variables_output;
  if (arguments.on("services") && arguments.on("no-interpolate")) return spec::json_output;
  for (const char* part : parts_of_project)
    if (arguments.given(part)) return spec::project_output;
  if (arguments.on("models")) return spec::transfer_output;
  return arguments.value_or("format", "yaml") == "json" ? spec::json_output : spec::yaml_output;
}

constexpr unsigned text_outputs = spec::json_output | spec::yaml_output | spec::variables_output;

// Lists of names are those of the whole project, whatever services are named beside.
std::vector<std::string> services_asked_for(const Invocation& invocation) {
  for (const char* list : {"services", "volumes", "networks", "models", "hash"})
    if (invocation.arguments.given(list)) return {};
  return {invocation.words().begin(), invocation.words().end()};
}

spec::LoadOptions options_of(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  spec::LoadOptions options = load_options(invocation, services_asked_for(invocation));
  // What the files ask for is told even if what they are given makes no sense.
  bool variables = arguments.on("variables");
  options.interpolate = !variables && !arguments.on("no-interpolate");
  options.normalize = !arguments.on("no-normalize");
  options.resolve_paths = !arguments.on("no-path-resolution");
  options.check_consistency = !variables && !arguments.on("no-consistency");
  options.resolve_environment = !arguments.on("no-env-resolution");
  options.outputs = outputs_for(arguments);
  options.images_alone = arguments.on("lock-image-digests");
  if ((options.images_alone || arguments.on("resolve-image-digests")) && wants_whole(arguments))
    options.pin_images = [&invocation](const auto& images) {
      return digests_of(invocation, images);
    };
  // Without interpolation the model is printed whole, whatever services are named.
  bool as_written = !options.interpolate && (options.outputs & ~text_outputs) == 0;
  if (!options.targets.empty() && !as_written) options.outputs |= spec::project_output;
  return options;
}

std::string one_a_line(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += value + "\n";
  return out;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

std::vector<std::string> images_of(const spec::Project& project) {
  std::vector<std::string> images;
  for (const auto& [name, service] : project.services)
    images.push_back(service.image.empty() ? cat(project.name, "-", name) : service.image);
  return images;
}

std::vector<std::string> models_of(const std::string& transfer_json) {
  const Json model = parse_json(transfer_json, "the project's model");
  const Json models = model.value("models", Json::object());
  std::vector<std::string> names;
  for (const auto& [key, value] : models.items())
    if (auto name = json::string_at(value, "model"); name && !name->empty()) names.push_back(*name);
  return names;
}

// Without interpolation there is a model, but no project.
std::vector<std::string> services_of(const std::string& model_json) {
  const Json model = parse_json(model_json.empty() ? "{}" : model_json, "the project's model");
  const Json services = model.value("services", Json::object());
  std::vector<std::string> names;
  for (const auto& [name, service] : services.items()) names.push_back(name);
  return names;
}

std::string hashes(const spec::Project& project, const std::string& which) {
  std::vector<std::string> wanted = text::split(which, ',');
  if (which != "*") check_services(wanted, keys_of(project.services));
  std::string out;
  for (const auto& [name, service] : project.services)
    if (which == "*" || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
      out += cat(name, " ", service.config_hash, "\n");
  return out;
}

std::string environment_lines(const spec::Loaded& loaded) {
  std::string out;
  for (const auto& [name, value] : loaded.project_environment) out += cat(name, "=", value, "\n");
  return out;
}

/// {NAME: {"Name", "DefaultValue", "PresenceValue", "Required"}}
std::string variables_table(const std::string& variables_json) {
  std::vector<ui::Row> rows{{"NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"}};
  Json variables = parse_json(variables_json.empty() ? "{}" : variables_json, "the variables");
  for (const auto& [name, variable] : variables.items()) {
    auto text = [&](const char* key) { return json::string_at(variable, key).value_or(""); };
    bool required = json::bool_at(variable, "Required").value_or(false);
    rows.push_back(
        {name, required ? "true" : "false", text("DefaultValue"), text("PresenceValue")});
  }
  return ui::table(rows, ui::wide_style);
}

/// The part of the project that a flag asks for; nothing if the whole is wanted.
std::optional<std::string> part_of(const Arguments& arguments, const spec::Loaded& loaded) {
  const spec::Project project = loaded.project.value_or(spec::Project{});
  bool json = arguments.value_or("format", "yaml") == "json";
  if (arguments.on("services"))
    return one_a_line(loaded.project ? keys_of(project.services)
                                     : services_of(loaded.canonical_json));
  if (arguments.on("volumes")) return one_a_line(keys_of(project.volumes));
  if (arguments.on("networks")) return one_a_line(keys_of(project.networks));
  if (arguments.on("models")) return one_a_line(models_of(loaded.transfer_json));
  if (arguments.on("images")) return one_a_line(images_of(project));
  if (arguments.on("profiles")) return one_a_line(profile_names(project));
  if (arguments.given("hash")) return hashes(project, *arguments.value("hash"));
  if (arguments.on("environment")) return environment_lines(loaded);
  if (!arguments.on("variables")) return std::nullopt;
  const std::string& variables = loaded.variables_json;
  return json ? variables + "\n" : variables_table(variables);
}

std::string with_line_end(std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  std::string format = arguments.value_or("format", "yaml");
  if (format != "yaml" && format != "json")
    throw Error(cat("unsupported format \"", format, "\"; it must be yaml or json"));
  spec::Loaded loaded = load_checked(options_of(invocation));
  if (loaded.project)
    check_services(services_asked_for(invocation), service_names(*loaded.project));
  if (arguments.on("quiet")) return 0;
  auto part = part_of(arguments, loaded);
  std::string text =
      part ? *part
           : with_line_end(format == "json" ? loaded.canonical_json : loaded.canonical_yaml);
  auto file = arguments.value("output");
  if (file && *file != "-")
    fs::write_atomic(*file, text, 0644, fs::Durability::relaxed);
  else if (ui::is_terminal(FdRef(STDOUT_FILENO)))
    print(text);
  else
    print_raw(text);  // another program reads it: it has its own quoting and must not change
  return 0;
}

}  // namespace

extern const Command config_command{.name = "config",
                                    .usage = "[OPTIONS] [SERVICE...]",
                                    .summary = "Check the files and print the project they make",
                                    .flags = flags,
                                    .privilege = Privilege::none,
                                    .run = run};

extern const Command convert_command{.name = "convert",
                                     .usage = "[OPTIONS] [SERVICE...]",
                                     .summary = "The same as config",
                                     .flags = flags,
                                     .privilege = Privilege::none,
                                     .run = run};

}  // namespace estiba::orchestrator
