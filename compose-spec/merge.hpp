// How a later tree meets an earlier one. Both are canonical, so that short and long forms mix; the
// schema says for each value whether it merges, replaces or is told apart by an identity.
#pragma once
#include "compose-spec/report.hpp"
#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Merges `over` into `base`. Its !reset removes what is there, its !override replaces it.
void merge(Node& base, Node over, const Type& type, const Path& path, Report& report);

/// Takes keys without a value out of `over` where `base` has one: nothing written changes nothing.
void drop_empty_overrides(Node& over, Node& base, const Type& type);

/// The parts of a tree that are tagged !reset, in their places; and such parts put back into what a
/// merge made, so that they also hold for what it is merged over next.
Node resets_in(const Node& node);
void put_back(Node resets, Node& node);

/// Keeps the last of each item that is there twice, at the place of the first.
void unify(Node& node, const Type& type);

/// Drops values tagged !reset and the tags themselves: for a tree with nothing left to meet.
void settle_tags(Node& node);

}  // namespace estiba::spec
