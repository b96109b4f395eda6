#include "scheduler/recreate.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "scheduler/dependencies.hpp"

namespace estiba::scheduler {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_forced(const UpContext& context, ServiceGraph::Index service) {
  if (context.is_target[service] && context.options.recreate == Recreate::force) return true;
  return !context.is_target[service] && context.options.recreate_dependencies;
}

}  // namespace

std::optional<std::string> RecreateRule::cause(ServiceGraph::Index index,
                                               const ObservedContainer& container) const {
  // A dead container can be neither started nor kept, whatever was asked.
  if (container.state == ContainerState::dead) return "dead";
  if (context_.options.recreate == Recreate::never) return std::nullopt;
  if (is_forced(context_, index)) return "forced";
  const spec::Service& service = context_.service(index);
  if (service.config_hash != container.config_hash) return "configuration changed";
  auto image = context_.desired.image_ids.find(service.name);
  if (image != context_.desired.image_ids.end() && !image->second.empty() &&
      image->second != container.image_id) {
    return "image changed";
  }
  if (auto why = network_cause(service, container)) return why;
  if (auto why = volume_cause(service, container)) return why;
  return parent_cause(service, container);
}

std::optional<std::string> RecreateRule::network_cause(const spec::Service& service,
                                                       const ObservedContainer& container) const {
  for (const std::string& name : container.networks) {
    auto changed = networks_.changed.find(name);
    if (changed != networks_.changed.end()) return cat("network ", changed->second, " changed");
    // A container that does not run attaches to a network made anew when it starts.
    auto gone = networks_.gone.find(name);
    if (gone != networks_.gone.end() && is_active(container)) {
      return cat("network ", gone->second, " was gone");
    }
  }
  for (const std::string& key : networks_of(service)) {
    if (!contains(container.networks, network_name(context_.project(), key))) {
      return cat("not on network ", key);
    }
  }
  return std::nullopt;
}

std::optional<std::string> RecreateRule::volume_cause(const spec::Service& service,
                                                      const ObservedContainer& container) const {
  for (const std::string& key : volumes_of(service)) {
    if (!contains(container.volumes, volume_name(context_.project(), key))) {
      return cat("volume ", key, " not mounted");
    }
  }
  return std::nullopt;
}

std::optional<std::string> RecreateRule::parent_cause(const spec::Service& service,
                                                      const ObservedContainer& container) const {
  for (const std::string& name : namespace_parents(service)) {
    auto parent = context_.graph.find(name);
    if (parent && !shares_with(*parent, container)) return cat(name, " is a new container");
  }
  for (const std::string& name : volume_parents(service)) {
    auto parent = context_.graph.find(name);
    if (!parent) continue;
    if (decided_[*parent].any(Fate::recreate)) return cat(name, " is a new container");
  }
  return std::nullopt;
}

/// Whether the container shares the namespaces of one of the parent's containers that stay.
bool RecreateRule::shares_with(ServiceGraph::Index parent,
                               const ObservedContainer& container) const {
  if (!context_.is_selected[parent]) {
    const auto& present = context_.containers[parent];
    return present.empty() || std::ranges::any_of(present, [&](const ObservedContainer* other) {
             return contains(container.joined_containers, other->id);
           });
  }
  const auto& replicas = decided_[parent].replicas;
  return replicas.empty() || std::ranges::any_of(replicas, [&](const Replica& replica) {
           bool stays = replica.fate != Fate::create && replica.fate != Fate::recreate;
           return stays && contains(container.joined_containers, replica.old->id);
         });
}

std::optional<std::string> RecreateRule::restart_cause(ServiceGraph::Index index) const {
  if (context_.options.start == Start::no) return std::nullopt;
  const spec::Service& service = context_.service(index);
  for (const Needed& needed : context_.needs[index]) {
    if (needed.how.restart && decided_[needed.service].any(Fate::recreate)) {
      return cat(context_.graph.name(needed.service), " is recreated");
    }
  }
  // A namespace ends with the processes of the container that made it.
  for (const std::string& name : namespace_parents(service)) {
    auto parent = context_.graph.find(name);
    if (!parent) continue;
    const ServiceDecision& decision = decided_[*parent];
    if (decision.any(Fate::start) || decision.any(Fate::restart)) return cat(name, " is restarted");
  }
  return std::nullopt;
}

}  // namespace estiba::scheduler
