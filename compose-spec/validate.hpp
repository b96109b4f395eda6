// Checks a tree against the schema: unknown attributes, wrong kinds of value, words not among the
// choices. It sees one file as written, so that every finding points at its place.
#pragma once
#include "compose-spec/report.hpp"
#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

struct SchemaOptions {
  /// False: values may still hold variables, and keep the form they are written in.
  bool interpolated = true;
  /// Accept attributes that are newer than the Compose release we follow.
  bool newer = false;
};

void validate(const Node& node, const Type& type, const Path& path, const SchemaOptions& options,
              Report& report);

/// Keys without a value in a service that extended another, where a value is needed and was not
/// there to be taken over: `validate` leaves them until that is known.
void check_empty(const Node& node, const Type& type, const Path& path, const SchemaOptions& options,
                 Report& report);

/// Attributes that must be there once everything is merged.
void check_required(const Node& node, const Type& type, const Path& path, Report& report);

}  // namespace estiba::spec
