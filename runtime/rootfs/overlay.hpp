// A detached overlay(5) mount by the new mount API.
#pragma once
#include "base/unique_fd.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime {

/// Attaches the overlay of the layers at the directory `place` of this mount namespace.
UniqueFd mount_overlay(const RootSetup& root, const std::string& place);

}  // namespace estiba::runtime
