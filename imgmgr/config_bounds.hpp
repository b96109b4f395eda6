// How much an image may ask for. Whoever starts a container from it makes a mount of each volume, a
// line of each label: what no honest image needs is refused when the image comes. Pure.
#pragma once
#include "imgmgr/config_json.hpp"

namespace estiba::img {

/// An Error, in one sentence about "it", if there is too much of something or a text that cannot be
/// what it stands for (docs/builds.md has the numbers).
void check_bounds(const ConfigFile& file);

}  // namespace estiba::img
