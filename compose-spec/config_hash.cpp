#include "compose-spec/config_hash.hpp"

#include "base/sha256.hpp"
#include "compose-spec/dump.hpp"

namespace estiba::spec {
namespace {

const Type& section_type(std::string_view name) {
  return *find_attribute(compose_file_type(), name)->type->values;
}

std::string hash(const Node& node, const Type& type) {
  return Sha256::of(to_json(node, type, JsonStyle::compact));
}

}  // namespace

std::string service_hash(const Node& service) { return Sha256::of(to_hash_text(service)); }
std::string network_hash(const Node& network) { return hash(network, section_type("networks")); }
std::string volume_hash(const Node& volume) { return hash(volume, section_type("volumes")); }

}  // namespace estiba::spec
