// Fills an empty directory from a directory of an image.
#pragma once
#include <string>
#include <vector>

namespace estiba::vol {

/// `layers` topmost first; `path` is resolved inside them, never outside.
void seed_directory(const std::string& target, const std::vector<std::string>& layers,
                    const std::string& path);

}  // namespace estiba::vol
