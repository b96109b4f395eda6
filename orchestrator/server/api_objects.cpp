// Networks and volumes that stand on their own: those that projects call external.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "orchestrator/server/api.hpp"
#include "orchestrator/server/observe.hpp"
#include "orchestrator/sound_names.hpp"

namespace estiba::orchestrator {
namespace {

using Strings = std::map<std::string, std::string>;

Strings strings_in(const Json& params, const char* key) {
  auto found = params.find(key);
  return found == params.end() || found->is_null() ? Strings{} : found->get<Strings>();
}

bool uses(const Instance& instance, const std::string& volume) {
  for (const auto& [target, name] : instance.record.anonymous_volumes)
    if (name == volume) return true;
  for (const spec::ServiceVolume& mount : instance.service().volumes)
    if (mount.type == "volume" && !mount.source.empty() &&
        instance.model.volumes.at(mount.source).name == volume)
      return true;
  return false;
}

std::vector<net::IpamPool> pools_in(const Json& params) {
  std::vector<net::IpamPool> pools;
  std::vector<std::string> ranges = json::strings_at(params, "ip_ranges");
  std::vector<std::string> gateways = json::strings_at(params, "gateways");
  for (const std::string& subnet : json::strings_at(params, "subnets")) {
    size_t index = pools.size();
    pools.push_back({subnet,
                     index < ranges.size() ? ranges[index] : "",
                     index < gateways.size() ? gateways[index] : "",
                     {}});
  }
  if (pools.empty() && !(ranges.empty() && gateways.empty()))
    throw Error("--gateway and --ip-range need the --subnet that they are in");
  return pools;
}

}  // namespace

Task<Json> Api::networks(ConnectionPtr, Json params) {
  auto project = json::string_at(params, "project");
  Json list = Json::array();
  for (const net::NetworkRecord& network : core_.networks.list()) {
    std::string owner = label(network.spec.labels, labels::project);
    if (project && owner != *project) continue;
    list.push_back({{"id", network.id},
                    {"name", network.spec.name},
                    {"project", owner},
                    {"driver", network.spec.driver},
                    {"internal", network.spec.internal},
                    {"subnet", network.subnet},
                    {"subnet6", network.subnet6},
                    {"gateway", network.gateway},
                    {"created", network.created},
                    {"labels", network.spec.labels}});
  }
  co_return Json{{"networks", list}};
}

Task<Json> Api::network_create(ConnectionPtr, Json params) {
  net::NetworkSpec wanted;
  wanted.name = json::required_string(params, "name");
  refuse_unsound_name("a network", wanted.name);
  wanted.driver = json::string_at(params, "driver").value_or("bridge");
  wanted.ipam = pools_in(params);
  wanted.internal = json::bool_at(params, "internal").value_or(false);
  wanted.ipv6 = json::bool_at(params, "ipv6").value_or(false);
  wanted.labels = strings_in(params, "labels");
  wanted.driver_opts = strings_in(params, "options");
  std::string id = core_.networks.create(wanted).id;
  core_.names.sync();
  co_return Json{{"id", id}};
}

Task<Json> Api::network_remove(ConnectionPtr, Json params) {
  std::string name = json::required_string(params, "name");
  if (!core_.networks.find(name)) throw Error(cat("network ", name, " not found"));
  core_.networks.remove(name);
  core_.names.sync();
  co_return Json::object();
}

Task<Json> Api::volumes(ConnectionPtr, Json params) {
  auto project = json::string_at(params, "project");
  Json list = Json::array();
  for (const vol::VolumeRecord& volume : core_.volumes.list()) {
    if (project && label(volume.spec.labels, labels::project) != *project) continue;
    list.push_back({{"name", volume.spec.name},
                    {"driver", volume.spec.driver},
                    {"mountpoint", volume.mountpoint},
                    {"created", volume.created},
                    {"labels", volume.spec.labels}});
  }
  co_return Json{{"volumes", list}};
}

// As Docker has it, a volume that exists already is no error.
Task<Json> Api::volume_create(ConnectionPtr, Json params) {
  vol::VolumeSpec wanted;
  wanted.name = json::string_at(params, "name").value_or("");
  wanted.driver = json::string_at(params, "driver").value_or("local");
  wanted.labels = strings_in(params, "labels");
  wanted.driver_opts = strings_in(params, "options");
  if (!wanted.name.empty() && core_.volumes.find(wanted.name))
    co_return Json{{"name", wanted.name}};
  if (wanted.name.empty()) wanted.labels[labels::anonymous_volume] = "";
  co_return Json{{"name", core_.volumes.create(wanted).spec.name}};
}

Task<Json> Api::volume_remove(ConnectionPtr, Json params) {
  std::string name = json::required_string(params, "name");
  if (!core_.volumes.find(name)) throw Error(cat("volume ", name, " not found"));
  std::vector<std::string> users;
  for (const auto& [id, instance] : core_.instances)
    if (uses(*instance, name)) users.push_back(instance->record.name);
  if (!users.empty()) throw Error(cat("volume ", name, " is in use by ", text::join(users, ", ")));
  auto remove = [this, name] {
    core_.volumes.remove(name);
    return true;
  };
  co_await on_pool(core_.pool, std::move(remove));
  co_return Json::object();
}

}  // namespace estiba::orchestrator
