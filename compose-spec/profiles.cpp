#include "compose-spec/profiles.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"

namespace estiba::spec {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool takes_part(const Entry& service, const Selection& selection) {
  const Node* profiles = service.value.find("profiles");
  if (!profiles || !profiles->is_sequence() || profiles->sequence()->empty()) return true;
  if (contains(selection.profiles, "*") || contains(selection.targets, service.key)) return true;
  // Where none is asked for, the one without a name is on.
  const std::vector<std::string> nameless{""};
  const auto& active = selection.profiles.empty() ? nameless : selection.profiles;
  for (const Node& profile : *profiles->sequence())
    if (contains(active, scalar_text(profile))) return true;
  return false;
}

void add_keys(const Node* mapping, std::set<std::string>& used) {
  if (mapping && mapping->is_mapping())
    for (const Entry& entry : *mapping->mapping()) used.insert(entry.key);
}

void add_sources(const Node* list, std::set<std::string>& used) {
  if (!list || !list->is_sequence()) return;
  for (const Node& item : *list->sequence()) {
    const Node* source = item.find("source");
    if (source) used.insert(scalar_text(*source));
  }
}

void keep_only(Node& model, std::string_view section, const std::set<std::string>& used) {
  Node* found = model.find(section);
  if (!found || !found->is_mapping()) return;
  std::erase_if(*found->mapping(), [&](const Entry& entry) { return !used.contains(entry.key); });
}

}  // namespace

Mapping select_services(Node& model, const Selection& selection) {
  Mapping disabled;
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return disabled;
  Mapping enabled;
  for (Entry& service : *services->mapping()) {
    bool enable = takes_part(service, selection);
    (enable ? enabled : disabled).push_back(std::move(service));
  }
  *services->mapping() = std::move(enabled);
  return disabled;
}

std::set<std::string> taking_part(const Node& model, const std::vector<std::string>& targets,
                                  bool with_dependencies) {
  std::set<std::string> found;
  const Node* services = model.find("services");
  if (!services || !services->is_mapping()) return found;
  if (targets.empty()) add_keys(services, found);
  std::vector<std::string> open = targets;
  while (!open.empty()) {
    std::string name = std::move(open.back());
    open.pop_back();
    const Node* service = services->find(name);
    if (!service || !found.insert(name).second || !with_dependencies) continue;
    const Node* dependencies = service->find("depends_on");
    if (!dependencies || !dependencies->is_mapping()) continue;
    for (const Entry& dependency : *dependencies->mapping()) open.push_back(dependency.key);
  }
  return found;
}

void keep_services(Node& model, const std::set<std::string>& names) {
  keep_only(model, "services", names);
}

void drop_unused_resources(Node& model) {
  std::set<std::string> networks, volumes, configs, secrets, models;
  const Node* services = model.find("services");
  const Mapping none;
  const Mapping& all = services && services->is_mapping() ? *services->mapping() : none;
  for (const Entry& service : all) {
    const Node& node = service.value;
    add_keys(node.find("networks"), networks);
    add_keys(node.find("models"), models);
    add_sources(node.find("volumes"), volumes);
    add_sources(node.find("configs"), configs);
    add_sources(node.find("secrets"), secrets);
    if (const Node* build = node.find("build")) add_sources(build->find("secrets"), secrets);
  }
  keep_only(model, "networks", networks);
  keep_only(model, "volumes", volumes);
  keep_only(model, "configs", configs);
  keep_only(model, "secrets", secrets);
  keep_only(model, "models", models);
}

}  // namespace estiba::spec
