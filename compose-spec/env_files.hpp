// The last phase that reads files: a service's env_file and label_file, of enabled services only.
#pragma once
#include "compose-spec/model.hpp"

namespace estiba::spec {

/// Merges the files' variables beneath `environment` and their labels beneath `labels`, and takes
/// env_file and label_file out of the service.
void resolve_service_files(Session& session, Node& model, const Environment& environment);

}  // namespace estiba::spec
