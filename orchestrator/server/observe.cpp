#include "orchestrator/server/observe.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

using scheduler::ObservedState;

scheduler::ObservedContainer observe_container(const Core& core, const Instance& instance) {
  scheduler::ObservedContainer seen;
  const ContainerRecord& record = instance.record;
  seen.id = record.id;
  seen.name = record.name;
  seen.service = record.service;
  seen.number = record.number;
  seen.one_off = record.one_off;
  seen.state = instance.status.state;
  seen.health = instance.health_state();
  seen.exit_code = instance.status.exit_code;
  seen.config_hash = label(record.labels, labels::config_hash);
  seen.image_id = record.image_id;
  for (const auto& [key, use] : instance.service().networks)
    seen.networks.push_back(instance.model.networks.at(key).name);
  for (const spec::ServiceVolume& volume : instance.service().volumes)
    if (volume.type == "volume" && !volume.source.empty())
      seen.volumes.push_back(instance.model.volumes.at(volume.source).name);
  for (const auto& [service, id] : record.joins) seen.joined_containers.push_back(id);
  seen.depends_on = scheduler::parse_depends_on_label(label(record.labels, labels::depends_on));
  if (auto sandbox = core.networks.sandbox(record.id))
    for (const net::PortMapping& port : sandbox->ports)
      seen.published.push_back(cat(std::to_string(port.host_port), "/", port.protocol));
  return seen;
}

bool belongs(const std::map<std::string, std::string>& labels, const std::string& project) {
  return label(labels, labels::project) == project;
}

void observe_networks(const Core& core, const std::string& name, const spec::Project* project,
                      ObservedState& seen) {
  for (const net::NetworkRecord& network : core.networks.list()) {
    const auto& labels = network.spec.labels;
    if (belongs(labels, name)) {
      seen.networks.push_back(
          {label(labels, labels::network), network.spec.name, label(labels, labels::config_hash)});
      continue;
    }
    for (const auto& [key, wanted] :
         project ? project->networks : std::map<std::string, spec::Network>{})
      if (wanted.name == network.spec.name) seen.networks.push_back({key, network.spec.name, ""});
  }
}

void observe_volumes(const Core& core, const std::string& name, const spec::Project* project,
                     ObservedState& seen) {
  for (const vol::VolumeRecord& volume : core.volumes.list()) {
    const auto& labels = volume.spec.labels;
    if (belongs(labels, name)) {
      seen.volumes.push_back(
          {label(labels, labels::volume), volume.spec.name, label(labels, labels::config_hash)});
      continue;
    }
    for (const auto& [key, wanted] :
         project ? project->volumes : std::map<std::string, spec::Volume>{})
      if (wanted.name == volume.spec.name) seen.volumes.push_back({key, volume.spec.name, ""});
  }
}

Json describe_ports(const net::Sandbox* sandbox) {
  Json ports = Json::array();
  for (const net::PortMapping& port : sandbox ? sandbox->ports : std::vector<net::PortMapping>{})
    ports.push_back({{"host_ip", port.host_ip},
                     {"host_port", port.host_port},
                     {"container_port", port.container_port},
                     {"protocol", port.protocol}});
  return ports;
}

Json describe_networks(const Instance& instance, const net::Sandbox* sandbox) {
  Json networks = Json::array();
  for (const auto& [key, use] : instance.service().networks) {
    const std::string& name = instance.model.networks.at(key).name;
    Json network{{"name", name}, {"key", key}, {"address", ""}, {"address6", ""}, {"mac", ""}};
    for (const net::Lease& lease : sandbox ? sandbox->leases : std::vector<net::Lease>{}) {
      if (lease.network != name) continue;
      network["address"] = lease.address;
      network["address6"] = lease.address6;
      network["mac"] = lease.mac;
    }
    networks.push_back(std::move(network));
  }
  // As Docker names what is no network of the project's.
  const std::string& mode = instance.service().network_mode;
  if (mode == "host" || mode == "none" || mode == "bridge")
    networks.push_back(
        {{"name", mode}, {"key", ""}, {"address", ""}, {"address6", ""}, {"mac", ""}});
  return networks;
}

Json describe_mounts(const Core& core, const Instance& instance) {
  Json mounts = Json::array();
  auto add = [&](const std::string& type, const std::string& name, const std::string& source,
                 const std::string& target, bool read_only) {
    mounts.push_back({{"type", type},
                      {"name", name},
                      {"source", source},
                      {"subpath", ""},
                      {"target", target},
                      {"read_only", read_only}});
  };
  for (const spec::ServiceVolume& volume : instance.service().volumes) {
    if (volume.type == "volume" && volume.source.empty()) continue;
    std::string name = volume.type == "volume" ? instance.model.volumes.at(volume.source).name : "";
    auto record = name.empty() ? std::nullopt : core.volumes.find(name);
    if (volume.type == "image") name = volume.source;
    add(volume.type, name, record ? record->mountpoint : volume.source, volume.target,
        volume.read_only || volume.type == "image");
    if (volume.type == "volume") mounts.back()["subpath"] = volume.volume.subpath;
  }
  for (const auto& [target, name] : instance.record.anonymous_volumes) {
    auto record = core.volumes.find(name);
    add("volume", name, record ? record->mountpoint : "", target, false);
  }
  return mounts;
}

std::vector<std::string> mounted_images(const ContainerRecord& record) {
  std::vector<std::string> ids;
  for (const auto& [target, id] : record.image_volumes) ids.push_back(id);
  return ids;
}

Json describe_health_log(const Instance& instance) {
  Json log = Json::array();
  for (const HealthProbe& probe : instance.health_log)
    log.push_back({{"exit_code", probe.exit_code},
                   {"output", probe.output},
                   {"start", probe.start},
                   {"end", probe.end}});
  return log;
}

}  // namespace

std::string label(const std::map<std::string, std::string>& labels, const char* name) {
  auto found = labels.find(name);
  return found == labels.end() ? std::string{} : found->second;
}

ObservedState observe(const Core& core, const std::string& name, const spec::Project* project) {
  ObservedState seen;
  for (const InstancePtr& instance : core.of_project(name))
    seen.containers.push_back(observe_container(core, *instance));
  observe_networks(core, name, project, seen);
  observe_volumes(core, name, project, seen);
  return seen;
}

Json describe(const Core& core, const Instance& instance) {
  const ContainerRecord& record = instance.record;
  auto sandbox = core.networks.sandbox(record.id);
  const net::Sandbox* seen = sandbox ? &*sandbox : nullptr;
  auto image = core.images.find(record.image_id);
  std::vector<std::string> command;
  std::vector<std::string> exposed(instance.service().expose);
  if (image) {
    command = full_command(instance.service(), image->config);
    exposed.insert(exposed.end(), image->config.exposed_ports.begin(),
                   image->config.exposed_ports.end());
  }
  return {{"id", record.id},
          {"name", record.name},
          {"project", record.project},
          {"service", record.service},
          {"number", record.number},
          {"one_off", record.one_off},
          {"image", instance.service().image},
          {"image_id", record.image_id},
          {"mounted_images", mounted_images(record)},
          {"command", command},
          {"state", to_text(instance.status.state)},
          {"health", to_text(instance.health_state())},
          {"exit_code", instance.status.exit_code},
          {"pid", instance.pid},
          {"created", record.created},
          {"started_at", instance.status.started_at},
          {"finished_at", instance.status.finished_at},
          {"labels", record.labels},
          {"ports", describe_ports(seen)},
          {"exposed", exposed},
          {"networks", describe_networks(instance, seen)},
          {"mounts", describe_mounts(core, instance)},
          {"restart_count", instance.status.restart_count},
          {"oom_killed", instance.status.oom_killed},
          {"tty", instance.service().tty},
          {"log_path", core.paths.log(record.id)},
          {"health_log", describe_health_log(instance)}};
}

}  // namespace estiba::orchestrator
