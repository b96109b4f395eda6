// JSON at the edges: strict typed getters whose errors name the place.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estiba {

// Keeps the order of keys as written, which users see.
using Json = nlohmann::ordered_json;

/// Parses a whole text; an Error names `what` and the byte where it went wrong. Whatever the text
/// is, it costs time and stack in proportion: deep nesting and objects of very many members (which
/// are searched one by one) are refused.
Json parse_json(std::string_view text, std::string_view what);
/// The text of a value. Bytes that are not UTF-8 are written as U+FFFD, as Docker does.
std::string to_text(const Json& value, int indent = -1);

namespace json {
/// As text, on one line or indented. What is not UTF-8 (foreign texts may hold anything) is
/// replaced, where nlohmann's dump throws.
std::string dump(const Json& value, int indent = -1);

/// The member, or nothing if it is missing or null; an Error if it has another type.
std::optional<std::string> string_at(const Json& object, const char* key);
std::optional<int64_t> int_at(const Json& object, const char* key);
std::optional<bool> bool_at(const Json& object, const char* key);
std::vector<std::string> strings_at(const Json& object, const char* key);
/// The member's items, each an object; none if it is missing or null. They live in `object`.
std::vector<const Json*> objects_at(const Json& object, const char* key);
/// The member, an object; null if it is missing or null. It lives in `object`.
const Json* object_at(const Json& object, const char* key);
/// Its members' names, in their order: an object that stands for a set, whose values say nothing.
std::vector<std::string> names_at(const Json& object, const char* key);
/// As above, but an Error if it is missing.
std::string required_string(const Json& object, const char* key);
int64_t required_int(const Json& object, const char* key);
const Json& required_object(const Json& object, const char* key);
/// As required_int, but an Error if it is negative: a size, a count.
uint64_t required_size(const Json& object, const char* key);
}  // namespace json

}  // namespace estiba
