#include "compose-spec/bind/bind.hpp"
#include "compose-spec/config_hash.hpp"

namespace estiba::spec {
namespace {

using namespace bind;

Network bind_network(const Entry& entry, const Sources& sources) {
  const Node& node = entry.value;
  Network out;
  out.key = entry.key;
  out.name = text(node, "name");
  out.driver = text(node, "driver");
  out.place = sources.place(entry.key_span);
  out.driver_opts = text_map(node, "driver_opts");
  out.labels = text_map(node, "labels");
  if (const Node* ipam = node.find("ipam"))
    each_item(*ipam, "config", [&](const Node& item) {
      out.ipam.push_back({text(item, "subnet"), text(item, "ip_range"), text(item, "gateway"),
                          text_map(item, "aux_addresses")});
    });
  out.external = flag(node, "external");
  out.internal = flag(node, "internal");
  out.attachable = flag(node, "attachable");
  if (node.find("enable_ipv4")) out.enable_ipv4 = flag(node, "enable_ipv4");
  if (node.find("enable_ipv6")) out.enable_ipv6 = flag(node, "enable_ipv6");
  out.config_hash = network_hash(node);
  return out;
}

Volume bind_volume(const Entry& entry, const Sources& sources) {
  const Node& node = entry.value;
  Volume out;
  out.key = entry.key;
  out.name = text(node, "name");
  out.driver = text(node, "driver");
  out.place = sources.place(entry.key_span);
  out.driver_opts = text_map(node, "driver_opts");
  out.labels = text_map(node, "labels");
  out.external = flag(node, "external");
  out.config_hash = volume_hash(node);
  return out;
}

FileObject bind_file_object(const Entry& entry, const Sources& sources) {
  const Node& node = entry.value;
  FileObject out;
  out.key = entry.key;
  out.name = text(node, "name");
  out.file = text(node, "file");
  out.environment = text(node, "environment");
  out.place = sources.place(entry.key_span);
  if (node.find("content")) out.content = text(node, "content");
  out.external = flag(node, "external");
  out.labels = text_map(node, "labels");
  return out;
}

// An optional dependency that does not take part is nothing to wait for.
void drop_absent_dependencies(std::map<std::string, Service>& services) {
  for (auto& [name, service] : services)
    std::erase_if(service.depends_on, [&](const auto& dependency) {
      return !dependency.second.required && !services.contains(dependency.first);
    });
}

}  // namespace

Project bind_project(const Node& model, const Sources& sources) {
  Project out;
  out.name = text(model, "name");
  if (const Node* services = model.find("services"); services && services->is_mapping()) {
    out.services = bind_services(*services->mapping(), sources);
    drop_absent_dependencies(out.services);
    for (const Entry& entry : *services->mapping())
      out.services.at(entry.key).config_hash = service_hash(entry.value);
  }
  each_entry(model, "networks",
             [&](const Entry& e) { out.networks.emplace(e.key, bind_network(e, sources)); });
  each_entry(model, "volumes",
             [&](const Entry& e) { out.volumes.emplace(e.key, bind_volume(e, sources)); });
  each_entry(model, "configs",
             [&](const Entry& e) { out.configs.emplace(e.key, bind_file_object(e, sources)); });
  each_entry(model, "secrets",
             [&](const Entry& e) { out.secrets.emplace(e.key, bind_file_object(e, sources)); });
  return out;
}

}  // namespace estiba::spec
