// Canonical tree → Project: a translation without decisions but for attributes that say the same
// thing in two places (mem_limit and deploy.resources, restart and deploy.restart_policy).
#pragma once
#include "compose-spec/project.hpp"
#include "compose-spec/source.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Fills name, services, networks, volumes, configs and secrets.
Project bind_project(const Node& model, const Sources& sources);
std::map<std::string, Service> bind_services(const Mapping& services, const Sources& sources);

namespace bind {

// Readers of one member of a mapping; what is missing is empty, zero or false.
std::string text(const Node& node, std::string_view key);
bool flag(const Node& node, std::string_view key, bool otherwise = false);
int64_t number(const Node& node, std::string_view key);
/// Also of a text of digits, as sizes are in the canonical model.
int64_t size(const Node& node, std::string_view key);
std::optional<nanoseconds> duration(const Node& node, std::string_view key);
std::vector<std::string> texts(const Node& node, std::string_view key);
StringMap text_map(const Node& node, std::string_view key);
std::map<std::string, std::optional<std::string>> variables(const Node& node, std::string_view key);
std::vector<std::pair<std::string, std::string>> hosts(const Node& node, std::string_view key);
std::map<std::string, Ulimit> ulimits(const Node& node);
std::vector<FileReference> file_references(const Node& node, std::string_view key);

template <typename Use>
void each_item(const Node& node, std::string_view key, Use use) {
  const Node* found = node.find(key);
  if (found && found->is_sequence())
    for (const Node& item : *found->sequence()) use(item);
}
template <typename Use>
void each_entry(const Node& node, std::string_view key, Use use) {
  const Node* found = node.find(key);
  if (found && found->is_mapping())
    for (const Entry& entry : *found->mapping()) use(entry);
}

Build build(const Node& node);
std::vector<ServiceVolume> mounts(const Node& service);
std::vector<Port> ports(const Node& service);
std::map<std::string, ServiceNetwork> networks(const Node& service);
Resources resources(const Node& service);
RestartPolicy restart_policy(const Node& service);
int replicas(const Node& service);

}  // namespace bind
}  // namespace estiba::spec
