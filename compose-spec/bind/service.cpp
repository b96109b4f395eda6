#include "compose-spec/bind/bind.hpp"

namespace estiba::spec {
namespace {

using namespace bind;

std::optional<std::vector<std::string>> words(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  if (!found || found->is_null()) return std::nullopt;
  return texts(node, key);
}

std::optional<std::string> optional_text(const Node& node, std::string_view key) {
  std::string value = text(node, key);
  return value.empty() ? std::nullopt : std::optional(value);
}

std::vector<Hook> hooks(const Node& service, std::string_view key) {
  std::vector<Hook> out;
  each_item(service, key, [&](const Node& item) {
    out.push_back({texts(item, "command"), optional_text(item, "user"),
                   optional_text(item, "working_dir"), flag(item, "privileged"),
                   variables(item, "environment")});
  });
  return out;
}

std::map<std::string, Dependency> dependencies(const Node& service) {
  std::map<std::string, Dependency> out;
  each_entry(service, "depends_on", [&](const Entry& entry) {
    Dependency dependency;
    std::string condition = text(entry.value, "condition");
    if (condition == "service_healthy") dependency.condition = DependsOnCondition::service_healthy;
    if (condition == "service_completed_successfully")
      dependency.condition = DependsOnCondition::service_completed_successfully;
    dependency.restart = flag(entry.value, "restart");
    dependency.required = flag(entry.value, "required", true);
    out.emplace(entry.key, dependency);
  });
  return out;
}

std::optional<Healthcheck> healthcheck(const Node& service) {
  const Node* node = service.find("healthcheck");
  if (!node || !node->is_mapping()) return std::nullopt;
  Healthcheck out;
  out.test = texts(*node, "test");
  out.interval = duration(*node, "interval");
  out.timeout = duration(*node, "timeout");
  out.start_period = duration(*node, "start_period");
  out.start_interval = duration(*node, "start_interval");
  if (node->find("retries")) out.retries = static_cast<int>(number(*node, "retries"));
  out.disable = flag(*node, "disable");
  return out;
}

std::vector<Device> devices(const Node& service) {
  std::vector<Device> out;
  each_item(service, "devices", [&](const Node& item) {
    out.push_back({text(item, "source"), text(item, "target"), text(item, "permissions")});
  });
  return out;
}

void bind_texts(const Node& node, Service& out) {
  struct Field {
    std::string_view key;
    std::string Service::*member;
  };
  constexpr Field fields[] = {
      {"image", &Service::image},
      {"platform", &Service::platform},
      {"pull_policy", &Service::pull_policy},
      {"container_name", &Service::container_name},
      {"hostname", &Service::hostname},
      {"domainname", &Service::domainname},
      {"user", &Service::user},
      {"working_dir", &Service::working_dir},
      {"network_mode", &Service::network_mode},
      {"mac_address", &Service::mac_address},
      {"ipc", &Service::ipc},
      {"pid", &Service::pid},
      {"uts", &Service::uts},
      {"cgroup", &Service::cgroup},
      {"cgroup_parent", &Service::cgroup_parent},
      {"userns_mode", &Service::userns_mode},
      {"isolation", &Service::isolation},
      {"runtime", &Service::runtime},
      {"stop_signal", &Service::stop_signal},
  };
  for (const Field& field : fields) out.*field.member = text(node, field.key);
}

void bind_lists(const Node& node, Service& out) {
  struct Field {
    std::string_view key;
    std::vector<std::string> Service::*member;
  };
  constexpr Field fields[] = {
      {"profiles", &Service::profiles},
      {"expose", &Service::expose},
      {"links", &Service::links},
      {"external_links", &Service::external_links},
      {"group_add", &Service::group_add},
      {"cap_add", &Service::cap_add},
      {"cap_drop", &Service::cap_drop},
      {"security_opt", &Service::security_opt},
      {"device_cgroup_rules", &Service::device_cgroup_rules},
      {"dns", &Service::dns},
      {"dns_opt", &Service::dns_opt},
      {"dns_search", &Service::dns_search},
      {"volumes_from", &Service::volumes_from},
      {"tmpfs", &Service::tmpfs},
  };
  for (const Field& field : fields) out.*field.member = texts(node, field.key);
}

Service bind_service(const Entry& entry, const Sources& sources) {
  const Node& node = entry.value;
  Service out;
  out.name = entry.key;
  out.place = sources.place(entry.key_span);
  bind_texts(node, out);
  bind_lists(node, out);
  if (const Node* found = node.find("build"); found && found->is_mapping())
    out.build = build(*found);
  out.command = words(node, "command");
  out.entrypoint = words(node, "entrypoint");
  out.environment = variables(node, "environment");
  out.labels = text_map(node, "labels");
  out.annotations = text_map(node, "annotations");
  out.sysctls = text_map(node, "sysctls");
  out.storage_opt = text_map(node, "storage_opt");
  out.extra_hosts = hosts(node, "extra_hosts");
  out.depends_on = dependencies(node);
  out.healthcheck = healthcheck(node);
  out.pre_start = hooks(node, "pre_start");
  out.post_start = hooks(node, "post_start");
  out.pre_stop = hooks(node, "pre_stop");
  out.ports = ports(node);
  out.networks = networks(node);
  out.volumes = mounts(node);
  out.configs = file_references(node, "configs");
  out.secrets = file_references(node, "secrets");
  out.devices = devices(node);
  out.ulimits = ulimits(node);
  if (const Node* logging = node.find("logging"))
    out.logging = {text(*logging, "driver"), text_map(*logging, "options")};
  out.resources = resources(node);
  out.restart = restart_policy(node);
  out.replicas = replicas(node);
  out.stop_grace_period = duration(node, "stop_grace_period");
  if (node.find("oom_score_adj"))
    out.oom_score_adj = static_cast<int>(number(node, "oom_score_adj"));
  out.shm_size = size(node, "shm_size");
  out.attach = flag(node, "attach", true);
  out.tty = flag(node, "tty");
  out.stdin_open = flag(node, "stdin_open");
  out.privileged = flag(node, "privileged");
  out.read_only = flag(node, "read_only");
  if (const Node* init = node.find("init"); init && init->boolean()) out.init = *init->boolean();
  return out;
}

}  // namespace

std::map<std::string, Service> bind_services(const Mapping& services, const Sources& sources) {
  std::map<std::string, Service> out;
  for (const Entry& entry : services) out.emplace(entry.key, bind_service(entry, sources));
  return out;
}

}  // namespace estiba::spec
