// What is printed of a mapping, and in which order: shared by the JSON and the YAML writer.
#pragma once
#include <vector>

#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

struct Member {
  std::string_view key;
  const Node* value = nullptr;  ///< null: printed although nothing is written
  const Attribute* attribute = nullptr;
  const Type* type = nullptr;
};

/// Members with an attribute in the schema's order, then the others by name.
std::vector<Member> members_in_order(const Mapping& entries, const Type* type);

bool is_empty_value(const Node& node, const Type* type);
/// Whether there is nothing to print anywhere below.
bool is_empty_below(const Node& node, const Type* type);

/// Hosts and ssh keys are mappings in the tree and lists of texts in print.
bool prints_as_list(const Type* type);
enum class ListOrder { sorted, as_written };
std::vector<std::string> listed(const Node& node, ListOrder order);

}  // namespace estiba::spec
