#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace estiba {

namespace {

constexpr size_t max_depth = 500;
constexpr size_t max_members = 10000;

// Looks at the text's shape alone; what is no JSON is found by the parser.
class Shape {
 public:
  explicit Shape(std::string_view what) : what_(what) {}

  void check(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (in_string_) {
        if (text[i] == '\\') ++i;
        if (i < text.size() && text[i] == '"') in_string_ = false;
      } else {
        take(text[i]);
      }
    }
  }

 private:
  void take(char c) {
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') open();
    if ((c == '}' || c == ']') && !members_.empty()) members_.pop_back();
    if (c == ':' && !members_.empty() && ++members_.back() > max_members)
      throw Error(cat(what_, " has an object of more than ", std::to_string(max_members),
                      " members, which is refused"));
  }

  void open() {
    if (members_.size() == max_depth)
      throw Error(cat(what_, " is nested more than ", std::to_string(max_depth),
                      " levels deep, which is refused"));
    members_.push_back(0);
  }

  std::string_view what_;
  std::vector<size_t> members_;  ///< of each level that is open
  bool in_string_ = false;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  Shape(what).check(text);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(cat(what, " is not valid JSON (at byte ", std::to_string(error.byte), ")"));
  } catch (const Json::exception&) {
    throw Error(cat(what, " holds a number that is out of all bounds"));
  }
}

std::string to_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
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
  if (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX)
    wrong_type(key, "an integer of 64 bits");
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

std::vector<const Json*> objects_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (!found) return {};
  if (!found->is_array()) wrong_type(key, "a list of objects");
  std::vector<const Json*> out;
  for (const Json& item : *found) {
    if (!item.is_object()) wrong_type(key, "a list of objects");
    out.push_back(&item);
  }
  return out;
}

const Json* object_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (found && !found->is_object()) wrong_type(key, "an object");
  return found;
}

std::vector<std::string> names_at(const Json& object, const char* key) {
  std::vector<std::string> out;
  const Json* found = object_at(object, key);
  if (!found) return out;
  for (auto item = found->begin(); item != found->end(); ++item) out.push_back(item.key());
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

const Json& required_object(const Json& object, const char* key) {
  const Json* found = object_at(object, key);
  if (!found) throw Error(cat("\"", key, "\" is missing"));
  return *found;
}

uint64_t required_size(const Json& object, const char* key) {
  int64_t value = required_int(object, key);
  if (value < 0) throw Error(cat("\"", key, "\" must not be negative"));
  return static_cast<uint64_t>(value);
}

}  // namespace json
}  // namespace estiba
