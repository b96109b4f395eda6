// Which files a project is made of, where it lives, what its environment and its name are: all that
// must be known before its files are read.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compose-spec/loader.hpp"
#include "compose-spec/model.hpp"

namespace estiba::spec {

struct ProjectFiles {
  std::vector<std::string> files;  ///< absolute; "-" is standard input
  std::string directory;           ///< absolute
  std::vector<std::string> env_files;
  Environment environment;
  std::vector<std::string> profiles;
};

/// An Error if there is no Compose file.
ProjectFiles find_project_files(Session& session, const LoadOptions& options);

/// -p, COMPOSE_PROJECT_NAME, the files' `name:`, the directory's name made valid. An Error if a
/// name that was asked for is not valid or nothing valid is left.
std::string choose_project_name(Session& session, const LoadOptions& options,
                                const ProjectFiles& project);

}  // namespace estiba::spec
