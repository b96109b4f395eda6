#include "compose-spec/normalise.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::spec {
namespace {

bool is_empty(const Node* node) {
  if (!node || node->is_null()) return true;
  if (auto* items = node->sequence()) return items->empty();
  if (auto* entries = node->mapping()) return entries->empty();
  return false;
}

void depend_on(Node& service, std::string_view name, bool restart, Span span) {
  Node& all = service.at_or_add("depends_on");
  if (all.is_null()) all.value = Mapping();
  if (!all.is_mapping() || all.find(name)) return;
  Node dependency{Mapping(), span};
  dependency.set("condition", std::string("service_started"));
  dependency.set("restart", restart);
  dependency.set("required", true);
  all.mapping()->push_back({std::string(name), span, std::move(dependency)});
}

void imply_dependencies(Node& service) {
  auto each = [&](std::string_view key, auto use) {
    const Node* list = service.find(key);
    if (!list || !list->is_sequence()) return;
    for (const Node& item : Sequence(*list->sequence())) use(scalar_text(item), item.span);
  };
  each("links", [&](const std::string& link, Span span) {
    bool aliased = std::count(link.begin(), link.end(), ':') == 1;
    depend_on(service, aliased ? link.substr(0, link.find(':')) : link, true, span);
  });
  for (std::string_view key : {"network_mode", "ipc", "pid", "uts", "cgroup"}) {
    std::string text = text_of(service, key);
    std::string_view name = service_reference(text);
    if (!name.empty()) depend_on(service, name, true, service.find(key)->span);
  }
  each("volumes_from", [&](const std::string& from, Span span) {
    if (!from.starts_with("container:"))
      depend_on(service, from.substr(0, from.find(':')), false, span);
  });
}

void complete_build(Node& build, const NormaliseOptions& options) {
  if (!build.is_mapping()) return;
  if (text_of(build, "dockerfile").empty() && text_of(build, "dockerfile_inline").empty())
    build.set("dockerfile", std::string("Dockerfile"));
  if (Node* arguments = build.find("args"))
    take_values(*arguments, options.environment, Unset::dropped);
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

bool is_elsewhere(const Node& service) {
  return service.find("network_mode") || service.find("provider");
}

void join_default_network(Node& service) {
  if (is_elsewhere(service) || !is_empty(service.find("networks"))) return;
  service.set("networks", Mapping());
  service.find("networks")->set("default", {});
}

void complete_service(Node& service, const NormaliseOptions& options) {
  if (!service.is_mapping()) return;
  if (Node* build = service.find("build")) complete_build(*build, options);
  if (Node* variables = service.find("environment"))
    take_values(*variables, options.environment, Unset::kept);
  if (Node* policy = service.find("pull_policy");
      policy && text_of(service, "pull_policy") == "if_not_present")
    policy->value = std::string("missing");
  clean_targets(service);
  join_default_network(service);
  imply_dependencies(service);
}

// A resource without a name of its own is called PROJECT_KEY; one from outside is called KEY.
void name_resources(Node& section, const std::string& project) {
  if (!section.is_mapping()) return;
  for (Entry& entry : *section.mapping()) {
    if (!entry.value.is_mapping() || entry.value.find("name")) continue;
    bool external = text_of(entry.value, "external") == "true";
    entry.value.set("name", external ? entry.key : cat(project, "_", entry.key));
  }
}

bool uses_default_network(const Node& services) {
  for (const Entry& service : *services.mapping()) {
    const Node* networks = service.value.find("networks");
    if (networks && networks->find("default") && !is_elsewhere(service.value)) return true;
  }
  return false;
}

}  // namespace

std::string_view service_reference(std::string_view text) {
  constexpr std::string_view prefix = "service:";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

void take_values(Node& pairs, const Environment& environment, Unset unset) {
  auto value_of = [&](const std::string& name) {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : &found->second;
  };
  if (auto* entries = pairs.mapping()) {
    for (Entry& entry : *entries)
      if (auto* value = entry.value.is_null() ? value_of(entry.key) : nullptr)
        entry.value.value = *value;
    if (unset == Unset::dropped)
      std::erase_if(*entries, [](const Entry& entry) { return entry.value.is_null(); });
  } else if (auto* items = pairs.sequence()) {
    auto is_open = [](const Node& item) {
      return scalar_text(item).find('=') == std::string::npos;
    };
    for (Node& item : *items) {
      std::string name = scalar_text(item);
      if (auto* value = is_open(item) ? value_of(name) : nullptr)
        item.value = cat(name, "=", *value);
    }
    if (unset == Unset::dropped) std::erase_if(*items, is_open);
  }
}

void complete_replicas(Node& model) {
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return;
  for (Entry& service : *services->mapping()) {
    Node* deploy = service.value.find("deploy");
    const Node* scale = service.value.find("scale");
    if (deploy && deploy->is_mapping() && scale && !deploy->find("replicas"))
      deploy->set("replicas", scale->value);
  }
}

void fill_resources(Node& model) {
  for (std::string_view section : {"networks", "volumes", "configs", "secrets"}) {
    Node* found = model.find(section);
    if (!found || !found->is_mapping()) continue;
    for (Entry& entry : *found->mapping())
      if (entry.value.is_null()) entry.value.value = Mapping();
  }
}

void normalise(Node& model, const NormaliseOptions& options) {
  model.set("name", options.project_name);
  if (Node* services = model.find("services"); services && services->is_mapping()) {
    for (Entry& service : *services->mapping()) complete_service(service.value, options);
    if (uses_default_network(*services)) {
      Node& networks = model.at_or_add("networks");
      if (networks.is_null()) networks.value = Mapping();
      Node& network = networks.at_or_add("default");
      if (network.is_null()) network.value = Mapping();
    }
  }
  for (std::string_view section : {"networks", "volumes", "configs", "secrets"})
    if (Node* found = model.find(section)) name_resources(*found, options.project_name);
}

}  // namespace estiba::spec
