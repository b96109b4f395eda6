// Images by what they are now, and not by names that may mean something else tomorrow.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Of each image as it is written, the reference that says its digest. This room knows no
/// registries; an Error of it ends the load.
using PinImages = std::function<std::map<std::string, std::string>(const std::set<std::string>&)>;

void pin_images(Node& model, const PinImages& pin);
/// Leaves services with their images, and nothing else: what an override file needs.
void keep_images_alone(Node& model);

}  // namespace estiba::spec
