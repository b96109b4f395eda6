// What is sound of a file with mistakes, so that the phases behind can find theirs in it and all
// mistakes are told at once.
#pragma once
#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"
#include "compose-spec/validate.hpp"

namespace estiba::spec {

/// Takes out what the report's errors point at. A service, network or other resource stays, empty,
/// so that it is still known by name.
void drop_faulty(Node& document, const Report& report);
/// The same until the schema has nothing more against it. False: the rest cannot be trusted to say
/// anything.
bool keep_sound(Node& document, const SchemaOptions& options, const Sources& sources,
                const Report& report);

}  // namespace estiba::spec
