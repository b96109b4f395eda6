// A written scalar → the value the canonical model holds: "512m" → "536870912", "yes" → true.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Nothing if the scalar does not fit.
std::optional<Node::Value> cast_scalar(const Node& node, Cast cast);
/// As Compose reads them, days and weeks included: "1d12h". In Go's notation: "36h0m0s".
std::optional<std::string> canonical_duration(std::string_view text);

}  // namespace estiba::spec
