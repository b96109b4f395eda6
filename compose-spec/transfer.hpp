// The model on its way from the command line to the server: complete JSON, with what the model
// itself does not hold under a key of its own.
#pragma once
#include <map>
#include <string>

#include "compose-spec/project.hpp"
#include "compose-spec/template.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

std::string to_transfer_json(const Node& model, const Mapping& disabled, const Project& project);
/// {NAME: {Name, DefaultValue, PresenceValue, Required}}
std::string variables_to_json(const std::map<std::string, Variable>& variables);

}  // namespace estiba::spec
