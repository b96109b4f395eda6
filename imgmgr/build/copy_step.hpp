// Puts what COPY and ADD name into a root directory: parents made, owners and modes set, archives
// unpacked. The root is an overlay mount; all that changes lands in its upper directory.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/build/instruction.hpp"
#include "imgmgr/build/owner.hpp"
#include "imgmgr/build/tree_source.hpp"

namespace estiba::img::build {

struct CopyRequest {
  std::string target;  ///< absolute; a final "/" says that it is a directory
  std::optional<Owner> owner;
  std::optional<ModeChange> mode;
  Unpack unpack = Unpack::never;
  bool keep_parents = false;
};

/// `tree` is where matches without content of their own come from.
void copy_into(FdRef root, const SourceTree* tree, const std::vector<SourceMatch>& matches,
               const CopyRequest& request);

/// mkdir -p inside the root, for WORKDIR: what is missing belongs to the owner.
void make_directories(FdRef root, const std::string& path, Owner owner);

}  // namespace estiba::img::build
