// Values that stand where nothing is written, whatever else the model says. They come before paths
// are resolved, as the directory to build in is one of them.
#pragma once
#include "compose-spec/tree.hpp"
#include "compose-spec/validate.hpp"

namespace estiba::spec {

void apply_defaults(Node& model, const SchemaOptions& schema);

}  // namespace estiba::spec
