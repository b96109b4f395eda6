#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace estiba {

Json parse_json(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(cat(what, " is not valid JSON (at byte ", std::to_string(error.byte), ")"));
  }
}

namespace json {
namespace {

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) throw Error(cat("expected an object with the member \"", key, "\""));
  auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void wrong_type(const char* key, std::string_view wanted) {
  throw Error(cat("\"", key, "\" must be ", wanted));
}

}  // namespace

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> string_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (!found) return std::nullopt;
  if (!found->is_string()) wrong_type(key, "a string");
  return found->get<std::string>();
}

std::optional<int64_t> int_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (!found) return std::nullopt;
  if (!found->is_number_integer()) wrong_type(key, "an integer");
  return found->get<int64_t>();
}

std::optional<bool> bool_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (!found) return std::nullopt;
  if (!found->is_boolean()) wrong_type(key, "true or false");
  return found->get<bool>();
}

std::vector<std::string> strings_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (!found) return {};
  if (!found->is_array()) wrong_type(key, "a list of strings");
  std::vector<std::string> out;
  for (const Json& item : *found) {
    if (!item.is_string()) wrong_type(key, "a list of strings");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::string required_string(const Json& object, const char* key) {
  auto value = string_at(object, key);
  if (!value) throw Error(cat("\"", key, "\" is missing"));
  return *value;
}

int64_t required_int(const Json& object, const char* key) {
  auto value = int_at(object, key);
  if (!value) throw Error(cat("\"", key, "\" is missing"));
  return *value;
}

}  // namespace json
}  // namespace estiba
