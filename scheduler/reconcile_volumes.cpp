// Which volumes the selected services need. A volume that differs from the file is kept: what it
// holds is the user's, and only the user removes it.
#include <unordered_map>

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/dependencies.hpp"

namespace estiba::scheduler {

VolumeDecisions decide_volumes(const UpContext& context) {
  VolumeDecisions decisions;
  std::set<std::string> keys;
  for (auto index : context.selected) {
    for (std::string& key : volumes_of(context.service(index))) keys.insert(std::move(key));
  }
  std::unordered_map<std::string, const ObservedVolume*> present;
  for (const auto& volume : context.observed.volumes) present.emplace(volume.name, &volume);
  for (const std::string& key : keys) {
    auto wanted = context.project().volumes.find(key);
    if (wanted == context.project().volumes.end() || wanted->second.external) continue;
    std::string name = volume_name(context.project(), key);
    auto found = present.find(name);
    if (found == present.end()) {
      decisions.create.emplace(key, "not created yet");
    } else if (!wanted->second.config_hash.empty() &&
               wanted->second.config_hash != found->second->config_hash) {
      decisions.warnings.push_back(cat("volume ", name, " has changed in the file; it is kept as ",
                                       "it is, since its data would be lost; remove it to have it ",
                                       "made anew"));
    }
  }
  return decisions;
}

}  // namespace estiba::scheduler
