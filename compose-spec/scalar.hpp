// What a YAML scalar is: the core schema, with the few additions Compose files rely on (octal 0644,
// digits grouped by underscores).
#pragma once
#include <optional>
#include <string_view>

#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// The value of an unquoted scalar.
Node::Value resolve_plain(std::string_view text);
/// The value of a scalar with an explicit tag such as !!str or !!int; nothing if it does not fit.
std::optional<Node::Value> resolve_tagged(std::string_view tag, std::string_view text);
/// A whole number as Go's strconv.ParseInt reads it with base 0: 8, -8, 0x1f, 0o17, 017, 0b11.
std::optional<int64_t> parse_integer(std::string_view text);
/// A decimal number: 1, -1.5, .5, 1e3.
std::optional<double> parse_real(std::string_view text);
/// A date, perhaps with a time, as YAML 1.1 writes it; the result is RFC 3339.
std::optional<std::string> parse_timestamp(std::string_view text);
/// true, yes, on, y and their opposites in any case, as Compose casts them.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace estiba::spec
