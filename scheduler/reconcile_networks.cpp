// Which networks the selected services need, and which of them exist otherwise than the file has
// them. A network is only made anew if everything on it is ours to recreate.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/dependencies.hpp"

namespace estiba::scheduler {
namespace {

std::set<std::string> needed_networks(const UpContext& context) {
  std::set<std::string> keys;
  for (auto index : context.selected) {
    for (std::string& key : networks_of(context.service(index))) keys.insert(std::move(key));
  }
  return keys;
}

/// The container that keeps a changed network from being made anew, if there is one.
class Holders {
 public:
  explicit Holders(const UpContext& context) : context_(context) {
    if (!context.options.remove_orphans) return;
    for (const auto* orphan : orphan_containers(context.project(), context.observed)) {
      leaving_.insert(orphan);
    }
  }
  const ObservedContainer* find(const std::string& network) const {
    for (const ObservedContainer& container : context_.observed.containers) {
      if (std::ranges::find(container.networks, network) == container.networks.end()) continue;
      if (!leaving_.contains(&container) && !is_ours(container)) return &container;
    }
    return nullptr;
  }

 private:
  bool is_ours(const ObservedContainer& container) const {
    auto service = context_.graph.find(container.service);
    return service && context_.is_selected[*service] && !container.one_off;
  }
  const UpContext& context_;
  std::unordered_set<const ObservedContainer*> leaving_;
};

void decide_changed(const UpContext& context, const Holders& holders, const std::string& key,
                    NetworkDecisions& decisions) {
  std::string name = network_name(context.project(), key);
  if (context.options.recreate == Recreate::never) {
    decisions.warnings.push_back(
        cat("network ", name, " has changed; it stays as it is because of --no-recreate"));
    return;
  }
  if (const auto* holder = holders.find(name)) {
    decisions.warnings.push_back(cat("network ", name, " has changed, but ", holder->name,
                                     " is on it and is not part of this `up`; the network stays ",
                                     "as it is until that container is removed"));
    return;
  }
  decisions.changed.emplace(name, key);
  decisions.remake.emplace(key, std::move(name));
}

}  // namespace

NetworkDecisions decide_networks(const UpContext& context) {
  NetworkDecisions decisions;
  std::unordered_map<std::string, const ObservedNetwork*> present;
  for (const auto& network : context.observed.networks) present.emplace(network.name, &network);
  Holders holders{context};
  for (const std::string& key : needed_networks(context)) {
    auto wanted = context.project().networks.find(key);
    bool declared = wanted != context.project().networks.end();
    if (declared && wanted->second.external) continue;
    std::string name = network_name(context.project(), key);
    auto found = present.find(name);
    if (found == present.end()) {
      decisions.create.emplace(key, "not created yet");
      decisions.gone.emplace(std::move(name), key);
    } else if (declared && !wanted->second.config_hash.empty() &&
               wanted->second.config_hash != found->second->config_hash) {
      decide_changed(context, holders, key, decisions);
    }
  }
  return decisions;
}

std::vector<MissingExternal> missing_externals(const Desired& desired,
                                               const ObservedState& observed,
                                               const UpOptions& options) {
  UpContext context = up_context(desired, observed, options);
  std::set<std::string> networks, volumes, wanted_volumes;
  for (const auto& network : observed.networks) networks.insert(network.name);
  for (const auto& volume : observed.volumes) volumes.insert(volume.name);
  std::vector<MissingExternal> missing;
  const auto& project = desired.project;
  for (const std::string& key : needed_networks(context)) {
    auto found = project.networks.find(key);
    if (found == project.networks.end() || !found->second.external) continue;
    std::string name = network_name(project, key);
    if (!networks.contains(name)) missing.push_back({MissingExternal::Kind::network, key, name});
  }
  for (auto index : context.selected) {
    for (const std::string& key : volumes_of(context.service(index))) wanted_volumes.insert(key);
  }
  for (const std::string& key : wanted_volumes) {
    auto found = project.volumes.find(key);
    if (found == project.volumes.end() || !found->second.external) continue;
    std::string name = volume_name(project, key);
    if (!volumes.contains(name)) missing.push_back({MissingExternal::Kind::volume, key, name});
  }
  return missing;
}

}  // namespace estiba::scheduler
