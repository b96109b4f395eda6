#include "compose-spec/defaults.hpp"

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::spec {
namespace {

std::string text_of(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found ? scalar_text(*found) : std::string();
}

void complete_secrets(Node& service) {
  Node* secrets = service.find("secrets");
  if (!secrets || !secrets->is_sequence()) return;
  for (Node& secret : *secrets->sequence())
    if (secret.is_mapping() && text_of(secret, "target").empty())
      secret.set("target", cat("/run/secrets/", text_of(secret, "source")));
}

// Neither a count nor ids: all devices of the kind.
void count_devices(Node* requests) {
  if (!requests || !requests->is_sequence()) return;
  for (Node& request : *requests->sequence()) {
    if (!request.is_mapping() || request.find("count")) continue;
    const Node* ids = request.find("device_ids");
    bool none = !ids || !ids->is_sequence() || ids->sequence()->empty();
    if (none) request.set("count", int64_t{-1});
  }
}

// Not before all files are merged: until then "/data/" and "/data" are two places.
void clean_targets(Node& service) {
  Node* volumes = service.find("volumes");
  if (!volumes || !volumes->is_sequence()) return;
  for (Node& mount : *volumes->sequence()) {
    Node* target = mount.find("target");
    if (auto* text = target ? target->string() : nullptr; text && !text->empty())
      *text = fs::clean_path(*text);
  }
}

void list_provider_options(Node& service) {
  Node* provider = service.find("provider");
  Node* options = provider ? provider->find("options") : nullptr;
  if (!options || !options->is_mapping()) return;
  for (Entry& option : *options->mapping()) {
    Node& value = option.value;
    if (value.is_sequence() || value.is_null()) continue;
    value.value = Sequence{Node{scalar_text(value), value.span}};
  }
}

void complete(Node& service) {
  if (!service.is_mapping()) return;
  Node* build = service.find("build");
  if (build && build->is_mapping() && text_of(*build, "context").empty())
    build->set("context", std::string("."));
  complete_secrets(service);
  clean_targets(service);
  list_provider_options(service);
  count_devices(service.find("gpus"));
  Node* reservations = &service;
  for (std::string_view key : {"deploy", "resources", "reservations"})
    reservations = reservations ? reservations->find(key) : nullptr;
  if (reservations) count_devices(reservations->find("devices"));
}

}  // namespace

void apply_defaults(Node& model) {
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return;
  for (Entry& service : *services->mapping()) complete(service.value);
}

}  // namespace estiba::spec
