// What Compose adds to a complete model: defaults, implied dependencies and networks, names of
// resources. It decides nothing about whether the model makes sense.
#pragma once
#include <string>

#include "compose-spec/interpolate.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

struct NormaliseOptions {
  std::string project_name;
  std::string project_directory;
  Environment environment;
};

/// Variables without a value take the project's; what is not set stays open, or goes.
enum class Unset { kept, dropped };
void take_values(Node& pairs, const Environment& environment, Unset unset);

/// A scale written on its own also counts for deploy.
void complete_replicas(Node& model);
/// Resources that are only named have no attributes.
void fill_resources(Node& model);
void normalise(Node& model, const NormaliseOptions& options);

/// "service:db" → "db"; empty if the text is no reference to a service.
std::string_view service_reference(std::string_view text);

}  // namespace estiba::spec
