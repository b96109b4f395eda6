// The canonical model as text: JSON and YAML as `docker compose config` prints them, and a complete
// JSON that leaves nothing out, for the way to the server.
#pragma once
#include <string>

#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

enum class JsonStyle {
  compose,   ///< as Docker Compose: empty values and most x-… left out, indented
  compact,   ///< the same on one line: what configuration hashes are made of
  complete,  ///< everything the model holds
};

std::string to_json(const Node& node, const Type& type, JsonStyle style);
/// The compact JSON of a service without what does not change its container.
std::string to_hash_text(const Node& service);
std::string to_yaml(const Node& model, const Type& type = compose_file_type());

/// Doubles every dollar sign, so that what is printed can be read back as a Compose file.
std::string escape_dollars(std::string text);
void unescape_dollars(Node& node);

}  // namespace estiba::spec
