#include "compose-spec/defaults.hpp"

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::spec {
namespace {

void complete_secrets(Node& service) {
  Node* secrets = service.find("secrets");
  if (!secrets || !secrets->is_sequence()) return;
  for (Node& secret : *secrets->sequence())
    if (secret.is_mapping() && text_of(secret, "target").empty())
      secret.set("target", cat("/run/secrets/", text_of(secret, "source")));
}

// Neither a count nor ids: all devices of the kind.
void count_devices(Node* requests, const Node::Value& all) {
  if (!requests || !requests->is_sequence()) return;
  for (Node& request : *requests->sequence()) {
    if (!request.is_mapping() || request.find("count")) continue;
    if (!request.find("device_ids")) request.set("count", all);
  }
}

// An empty name of a server, from a variable that is not set, is none.
void drop_empty_servers(Node* servers) {
  if (!servers || !servers->is_sequence()) return;
  std::erase_if(*servers->sequence(), [](const Node& item) { return scalar_text(item).empty(); });
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

void complete(Node& service, const SchemaOptions& schema) {
  if (!service.is_mapping()) return;
  Node* build = service.find("build");
  if (build && build->is_mapping() && text_of(*build, "context").empty())
    build->set("context", std::string("."));
  complete_secrets(service);
  drop_empty_servers(service.find("dns"));
  if (schema.interpolated) list_provider_options(service);
  Node::Value all = std::string("all");
  if (schema.interpolated) all = int64_t{-1};
  count_devices(service.find("gpus"), all);
  Node* reservations = &service;
  for (std::string_view key : {"deploy", "resources", "reservations"})
    reservations = reservations ? reservations->find(key) : nullptr;
  if (reservations) count_devices(reservations->find("devices"), all);
}

}  // namespace

void apply_defaults(Node& model, const SchemaOptions& schema) {
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return;
  for (Entry& service : *services->mapping()) complete(service.value, schema);
}

}  // namespace estiba::spec
