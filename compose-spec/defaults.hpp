// Values that stand where nothing is written, whatever else the model says. They come before paths
// are resolved, as the directory to build in is one of them.
#pragma once
#include "compose-spec/tree.hpp"

namespace estiba::spec {

void apply_defaults(Node& model);

}  // namespace estiba::spec
