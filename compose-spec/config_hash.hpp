// What a container, network or volume was made from, as one number: if it differs from the label
// that the running one carries, it must be made anew.
#pragma once
#include <string>

#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Without what does not change a container: build, pull_policy, scale, deploy.replicas,
/// depends_on, profiles.
std::string service_hash(const Node& service);
std::string network_hash(const Node& network);
std::string volume_hash(const Node& volume);

}  // namespace estiba::spec
