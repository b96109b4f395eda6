// Which services take part: those without profiles, those of an active one, those named on the
// command line; and which networks, volumes, configs and secrets are then still of use.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "compose-spec/tree.hpp"

namespace estiba::spec {

struct Selection {
  std::vector<std::string> profiles;  ///< "*" is all of them
  std::vector<std::string> targets;
};

/// Takes the services that do not take part out of the model and returns them.
Mapping select_services(Node& model, const Selection& selection);
void keep_services(Node& model, const std::set<std::string>& names);
void drop_unused_resources(Node& model);

/// The targets, or all services if there are none; and with dependencies, what those depend on.
std::set<std::string> taking_part(const Node& model, const std::vector<std::string>& targets,
                                  bool with_dependencies);

}  // namespace estiba::spec
