#include "compose-spec/pinned_images.hpp"

namespace estiba::spec {
namespace {

Mapping* services_of(Node& model) {
  Node* services = model.find("services");
  return services ? services->mapping() : nullptr;
}

std::string image_of(const Node& service) {
  const Node* image = service.find("image");
  return image ? scalar_text(*image) : std::string();
}

}  // namespace

void pin_images(Node& model, const PinImages& pin) {
  Mapping* services = services_of(model);
  if (!services) return;
  std::set<std::string> images;
  for (const Entry& service : *services)
    if (std::string image = image_of(service.value); !image.empty()) images.insert(image);
  const auto pinned = pin(images);
  for (Entry& service : *services)
    if (auto found = pinned.find(image_of(service.value)); found != pinned.end())
      service.value.set("image", found->second);
}

void keep_images_alone(Node& model) {
  std::erase_if(*model.mapping(), [](const Entry& entry) { return entry.key != "services"; });
  Mapping* services = services_of(model);
  if (!services) return;
  for (Entry& service : *services)
    if (Mapping* attributes = service.value.mapping())
      std::erase_if(*attributes, [](const Entry& entry) { return entry.key != "image"; });
}

}  // namespace estiba::spec
