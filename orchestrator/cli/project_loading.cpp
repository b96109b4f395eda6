#include "orchestrator/cli/project_loading.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/security_options.hpp"
#include "orchestrator/sound_names.hpp"

extern char** environ;

namespace estiba::orchestrator {
namespace {

std::map<std::string, std::string> whole_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text = *entry;
    size_t equals = text.find('=');
    if (equals != text.npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

}  // namespace

std::optional<std::string> environment_value(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

spec::LoadOptions load_options(const Invocation& invocation,
                               const std::vector<std::string>& targets) {
  const Arguments& globals = invocation.globals;
  spec::LoadOptions options;
  options.files = globals.list("file");
  options.env_files = globals.list("env-file");
  options.project_directory = globals.value_or("project-directory", "");
  options.project_name = globals.value_or("project-name", "");
  options.profiles = globals.comma_list("profile");
  options.targets = targets;
  options.with_dependencies = !invocation.arguments.on("no-deps");
  options.all_resources = globals.on("all-resources");
  options.current_directory = std::filesystem::current_path();
  options.environment = whole_environment();
  options.outputs = spec::project_output | spec::transfer_output;
  return options;
}

LoadedProject load_project(const Invocation& invocation, const std::vector<std::string>& targets) {
  return load_project(load_options(invocation, targets));
}

spec::Loaded load_checked(const spec::LoadOptions& options) {
  spec::Loaded loaded = spec::load(options);
  std::string directory =
      options.project_directory.empty() ? options.current_directory : options.project_directory;
  std::string errors;
  for (const spec::Diagnostic& diagnostic : loaded.diagnostics) {
    std::string text = spec::to_text(diagnostic, directory);
    if (!text.ends_with('\n')) text += "\n";
    if (diagnostic.severity == spec::Severity::error)
      errors += text;
    else
      print_aside(text);
  }
  if (!errors.empty()) {
    errors.pop_back();
    throw Error(errors);
  }
  return loaded;
}

void warn_not_in_effect(const spec::Loaded& loaded) {
  for (const spec::Diagnostic& diagnostic : loaded.not_in_effect)
    print_aside(spec::to_text(diagnostic, std::filesystem::current_path()));
}

void refuse_before_anything(const spec::Project& project) {
  refuse_unkept(project);
  refuse_unsound(project);
}

LoadedProject load_to_run(const Invocation& invocation, const std::vector<std::string>& targets) {
  LoadedProject loaded = load_project(invocation, targets);
  warn_not_in_effect(loaded.loaded);
  refuse_before_anything(loaded.project);
  return loaded;
}

LoadedProject load_project(const spec::LoadOptions& options) {
  spec::Loaded loaded = load_checked(options);
  if (!loaded.project) throw Error("the project could not be loaded");
  LoadedProject out{std::move(*loaded.project), std::move(loaded)};
  return out;
}

bool named_without_file(const Invocation& invocation) {
  bool named = invocation.globals.given("project-name") ||
               environment_value("COMPOSE_PROJECT_NAME").has_value();
  return named && !invocation.globals.given("file") && !environment_value("COMPOSE_FILE");
}

std::string project_name_of(const Invocation& invocation) {
  for (const std::string& file : invocation.globals.list("env-file"))
    if (!fs::exists(file)) throw Error(cat("the env file ", file, " does not exist"));
  // Without the environment's hundred strings where the name is on the command line.
  if (auto name = invocation.globals.value("project-name"); name && !name->empty()) return *name;
  if (auto name = environment_value("COMPOSE_PROJECT_NAME")) return *name;
  if (auto name = spec::project_name(load_options(invocation))) return *name;
  throw Error("no configuration file provided: not found");
}

void check_services(const std::vector<std::string>& targets,
                    const std::vector<std::string>& known) {
  for (const std::string& target : targets) {
    if (std::find(known.begin(), known.end(), target) != known.end()) continue;
    auto near = text::nearest(target, known);
    throw Error(
        cat("no such service: ", target, near ? cat("; did you mean \"", *near, "\"?") : ""));
  }
}

std::vector<std::string> service_names(const spec::Project& project) {
  std::vector<std::string> names;
  for (const auto& [name, service] : project.services) names.push_back(name);
  for (const auto& [name, service] : project.disabled_services) names.push_back(name);
  return names;
}

std::vector<std::string> profile_names(const spec::Project& project) {
  std::set<std::string> profiles;
  for (const auto* services : {&project.services, &project.disabled_services})
    for (const auto& [name, service] : *services)
      profiles.insert(service.profiles.begin(), service.profiles.end());
  return {profiles.begin(), profiles.end()};
}

}  // namespace estiba::orchestrator
