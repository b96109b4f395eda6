#include "compose-spec/schema/attributes.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/schema/schema.hpp"
#include "compose-spec/schema/support.hpp"

namespace estiba::spec {
namespace {

// A list stands for its items.
const Type& without_lists(const Type& type) {
  const Type* found = &type;
  while (found->items && found->attributes.empty() && !found->values) found = found->items;
  return *found;
}

bool has_members(const Type& type) {
  const Type& whole = without_lists(type);
  return whole.values != nullptr || !whole.attributes.empty();
}

struct Spot {
  const Type* type;
  std::string pattern;  ///< with "*" for names of one's own
};

[[noreturn]] void refuse(const Spot& spot, const std::string& name) {
  std::vector<std::string> names;
  for (const Attribute& attribute : spot.type->attributes) names.emplace_back(attribute.name);
  std::string where = spot.pattern.empty() ? "a Compose file" : cat("\"", spot.pattern, "\"");
  if (names.empty()) throw Error(cat(where, " has no attributes below it"));
  auto near = text::nearest(name, names);
  throw Error(cat(where, " has no attribute \"", name, "\"",
                  near ? cat("; did you mean \"", *near, "\"?") : ""));
}

Spot find(const std::string& path) {
  Spot spot{&compose_file_type(), ""};
  if (path.empty()) return spot;
  for (const std::string& name : text::split(path, '.')) {
    const Type* child = type_of_member(*spot.type, name);
    if (!child) refuse(spot, name);
    spot.pattern = joined(spot.pattern, spot.type->values ? "*" : std::string_view(name));
    spot.type = &without_lists(*child);
  }
  return spot;
}

AttributeLine line_of(std::string_view name, const Type& type, const std::string& pattern) {
  return {std::string(name), noun_and_choices(type), has_members(type), is_stored_only(pattern)};
}

}  // namespace

std::vector<AttributeLine> attributes_below(const std::string& path) {
  Spot spot = find(path);
  if (!has_members(*spot.type)) refuse(spot, "");
  if (spot.type->values) return {line_of("*", *spot.type->values, joined(spot.pattern, "*"))};
  std::vector<AttributeLine> lines;
  for (const Attribute& attribute : spot.type->attributes)
    lines.push_back(line_of(attribute.name, *attribute.type, joined(spot.pattern, attribute.name)));
  return lines;
}

}  // namespace estiba::spec
