// The schema as people ask for it: what may stand below a path, for help and completion.
#pragma once
#include <string>
#include <vector>

namespace estiba::spec {

struct AttributeLine {
  std::string name;  ///< "*": a name of one's own
  std::string what;  ///< "a path or a mapping", "a string: always, never"
  bool has_members = false;
  bool stored_only = false;  ///< of those that change nothing at run time yet
};

/// The attributes below "services.web.build" ("" is the file itself; names of one's own stand where
/// they would be written, list items are left out). An Error says where the path goes wrong.
std::vector<AttributeLine> attributes_below(const std::string& path);

}  // namespace estiba::spec
