// From files to Project: the phase list and nothing else. Bad input yields diagnostics, never a
// throw (an Error is thrown only for what is no file's fault, such as no Compose file to be found).
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compose-spec/diagnostic.hpp"
#include "compose-spec/pinned_images.hpp"
#include "compose-spec/project.hpp"

namespace estiba::spec {

/// What `load` makes of the model, as a set: all of it takes longer than everything else. Without
/// any, the files are only checked.
enum Output : unsigned {
  json_output = 1,        ///< Loaded::canonical_json
  yaml_output = 2,        ///< Loaded::canonical_yaml
  transfer_output = 4,    ///< Loaded::transfer_json
  project_output = 8,     ///< Loaded::project
  variables_output = 16,  ///< Loaded::variables_json
  every_output = 31,
};

struct LoadOptions {
  /// -f, or COMPOSE_FILE, in order; "-" reads standard input. Empty: search by the default names.
  std::vector<std::string> files;
  std::vector<std::string> env_files;  ///< --env-file
  std::string project_directory;       ///< --project-directory
  std::string project_name;            ///< -p
  std::vector<std::string> profiles;   ///< --profile; "*" enables all
  /// Services named on the command line: enabled whatever their profiles.
  std::vector<std::string> targets;
  std::string current_directory;  ///< absolute
  std::map<std::string, std::string> environment;
  bool interpolate = true, normalize = true, resolve_paths = true, check_consistency = true,
       resolve_environment = true;
  /// Keep networks, volumes, configs and secrets that no service uses (--all-resources).
  bool all_resources = false;
  /// Asked for the images' digests; nothing: they stay as written.
  PinImages pin_images;
  /// Print only the services' images: an override file for the pinned ones.
  bool images_alone = false;
  unsigned outputs = every_output;
  /// What the targets depend on takes part too.
  bool with_dependencies = true;
};

struct Loaded {
  std::optional<Project> project;  ///< nothing if there are errors, or it was not asked for
  Diagnostics diagnostics;
  /// Warnings of attributes that are stored but not yet acted upon, of services that take part, for
  /// commands that run the project. With transfer_output.
  Diagnostics not_in_effect;
  /// The canonical model as `config` prints it, keys in canonical order: JSON text.
  std::string canonical_json;
  /// The same as YAML.
  std::string canonical_yaml;
  /// The model with nothing left out (empty values, x-…, disabled services, places): what
  /// from_canonical_json turns into exactly the Project above. For the way to the server.
  std::string transfer_json;
  /// Variables used in the files, for `config --variables`: JSON text.
  std::string variables_json;
  std::map<std::string, std::string> project_environment;
};

Loaded load(const LoadOptions& options);

/// The Project of a model that `load` printed. From transfer_json it is the same in every member;
/// canonical_json lacks working_dir, config_files, env_files, places and disabled services.
Project from_canonical_json(const std::string& canonical_json);

/// What identifies a project before, or without, its file: -p, COMPOSE_PROJECT_NAME, `name:`, the
/// directory's name made valid. Nothing if neither a name nor a file is there.
std::optional<std::string> project_name(const LoadOptions& options);

}  // namespace estiba::spec
