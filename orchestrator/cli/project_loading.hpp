// How a command comes to its project: from files, or by name alone.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compose-spec/loader.hpp"
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

/// What the flags say about files, name and profiles; the loader knows the COMPOSE_* variables.
spec::LoadOptions load_options(const Invocation& invocation,
                               const std::vector<std::string>& targets = {});
/// A variable of the environment, or nothing if it is unset or empty.
std::optional<std::string> environment_value(const char* name);

struct LoadedProject {
  spec::Project project;
  spec::Loaded loaded;  ///< its `project` is moved from
};

/// Loads the project; warnings go to standard error, errors are thrown, all in one Error.
LoadedProject load_project(const Invocation& invocation,
                           const std::vector<std::string>& targets = {});
LoadedProject load_project(const spec::LoadOptions& options);
/// An Error for what cannot be kept or is no name: the server judges it again, but here it comes
/// before any image is fetched or built.
void refuse_before_anything(const spec::Project& project);
/// The same for a command that runs the project: says what of it is not in effect yet, and refuses.
LoadedProject load_to_run(const Invocation& invocation, const std::vector<std::string>& targets);
void warn_not_in_effect(const spec::Loaded& loaded);
/// The same for a caller that may not want the Project.
spec::Loaded load_checked(const spec::LoadOptions& options);

/// The project's name for a command that works without a file: -p, COMPOSE_PROJECT_NAME, or what
/// the file says. An Error if there is neither.
std::string project_name_of(const Invocation& invocation);
/// Whether the name alone was given, so that a file in the folder is not this command's business.
bool named_without_file(const Invocation& invocation);
/// `no such service: nosuch`, with the one that may be meant, for a target that is in neither list.
void check_services(const std::vector<std::string>& targets, const std::vector<std::string>& known);
/// All services of a project, the disabled ones too.
std::vector<std::string> service_names(const spec::Project& project);
/// The profiles that any of them belongs to, in order.
std::vector<std::string> profile_names(const spec::Project& project);

}  // namespace estiba::orchestrator
