// The fixed host ports of a service, as ObservedContainer::published writes them. Internal to the
// room.
#pragma once
#include <string>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::scheduler {

/// "8080/tcp" for each; every port of a range, of which one will be taken.
std::vector<std::string> published_ports(const spec::Service& service);

}  // namespace estiba::scheduler
