// The schema as JSON Schema, for editors.
#include <array>

#include "base/error.hpp"
#include "compose-spec/dump.hpp"
#include "compose-spec/schema/support.hpp"

namespace estiba::spec {
namespace {

Node text(std::string_view value) { return Node{std::string(value), {}}; }

Node types_of(const Type& type) {
  struct Name {
    unsigned form;
    std::string_view name;
  };
  constexpr std::array<Name, 6> names{{{null_form, "null"},
                                       {boolean_form, "boolean"},
                                       {number_form, "number"},
                                       {string_form, "string"},
                                       {sequence_form, "array"},
                                       {mapping_form, "object"}}};
  Node out{Sequence(), {}};
  for (const Name& one : names)
    if (type.forms & one.form) out.sequence()->push_back(text(one.name));
  return out;
}

Node schema_of(const Type& type, const std::string& path) {
  Node out{Mapping(), {}};
  if (&type == &types::anything) return out;
  out.set("type", types_of(type).value);
  out.set("description", cat(type.noun, is_stored_only(path) ? " (stored only)" : ""));
  if (!type.choices.empty() && type.forms == string_form) {
    Node choices{Sequence(), {}};
    for (std::string_view choice : type.choices) choices.sequence()->push_back(text(choice));
    out.set("enum", choices.value);
  }
  if (type.items) out.set("items", schema_of(*type.items, path).value);
  if (type.values) out.set("additionalProperties", schema_of(*type.values, path + ".*").value);
  if (type.attributes.empty()) return out;
  Node properties{Mapping(), {}};
  for (const Attribute& attribute : type.attributes) {
    std::string below = path.empty() ? std::string(attribute.name) : cat(path, ".", attribute.name);
    properties.set(attribute.name, schema_of(*attribute.type, below).value);
  }
  out.set("properties", properties.value);
  if (!type.closed) {
    Node extensions{Mapping(), {}};
    extensions.set("^x-", Mapping());
    out.set("patternProperties", extensions.value);
  }
  out.set("additionalProperties", type.lenient);
  return out;
}

}  // namespace

std::string json_schema() {
  Node schema = schema_of(compose_file_type(), "");
  schema.set("$schema", std::string("https://json-schema.org/draft/2020-12/schema"));
  schema.set("title", std::string("Compose file"));
  return to_json(schema, types::anything, JsonStyle::complete) + "\n";
}

}  // namespace estiba::spec
