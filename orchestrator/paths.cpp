#include "orchestrator/paths.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::orchestrator {
namespace {

std::string absolute_from(const char* variable, const char* fallback) {
  const char* value = std::getenv(variable);
  if (!value || !*value) return fallback;
  if (*value != '/')
    throw Error(cat("$", variable, " must be an absolute path, it is \"", value, "\""));
  return fs::clean_path(value);
}

}  // namespace

Paths Paths::from_environment() {
  return {absolute_from("ESTIBA_ROOT", "/var/lib/estiba"),
          absolute_from("ESTIBA_RUNDIR", "/run/estiba")};
}

std::string Paths::socket() const { return cat(run_dir, "/estiba.sock"); }
std::string Paths::container(const std::string& id) const { return cat(root, "/containers/", id); }
std::string Paths::log(const std::string& id) const { return cat(container(id), "/log"); }

}  // namespace estiba::orchestrator
