// Merging for --no-interpolate, where values keep the form they are written in as long as they meet
// no other: only then a mapping of variables becomes a list of KEY=VALUE, and so on.
#pragma once
#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Brings what `over` will be merged over, and it, into a form in which `merge` can do that.
void make_alike(Node& base, Node& over, const Type& type);

/// Keeps the last of the items of a list of KEY=VALUE that have the same key.
void unify_pairs(Node& node, const Type& type);

}  // namespace estiba::spec
