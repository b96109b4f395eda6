// What a service is joined to: ports, networks, mounts; and how its image is built.
#include "compose-spec/bind/bind.hpp"

namespace estiba::spec::bind {

std::vector<Port> ports(const Node& service) {
  std::vector<Port> out;
  each_item(service, "ports", [&](const Node& item) {
    Port port;
    port.name = text(item, "name");
    port.host_ip = text(item, "host_ip");
    port.target = static_cast<uint16_t>(number(item, "target"));
    port.published = text(item, "published");
    port.protocol = text(item, "protocol");
    port.mode = text(item, "mode");
    port.app_protocol = text(item, "app_protocol");
    out.push_back(std::move(port));
  });
  return out;
}

std::map<std::string, ServiceNetwork> networks(const Node& service) {
  std::map<std::string, ServiceNetwork> out;
  each_entry(service, "networks", [&](const Entry& entry) {
    const Node& node = entry.value;
    ServiceNetwork network;
    network.aliases = texts(node, "aliases");
    network.link_local_ips = texts(node, "link_local_ips");
    network.ipv4_address = text(node, "ipv4_address");
    network.ipv6_address = text(node, "ipv6_address");
    network.mac_address = text(node, "mac_address");
    network.interface_name = text(node, "interface_name");
    network.priority = number(node, "priority");
    network.gw_priority = number(node, "gw_priority");
    network.driver_opts = text_map(node, "driver_opts");
    out.emplace(entry.key, std::move(network));
  });
  return out;
}

namespace {

ServiceVolume mount(const Node& node) {
  ServiceVolume out;
  out.type = text(node, "type");
  out.source = text(node, "source");
  out.target = text(node, "target");
  out.read_only = flag(node, "read_only");
  out.consistency = text(node, "consistency");
  if (const Node* bind = node.find("bind")) {
    out.bind.propagation = text(*bind, "propagation");
    out.bind.selinux = text(*bind, "selinux");
    out.bind.recursive = text(*bind, "recursive");
    out.bind.create_host_path = flag(*bind, "create_host_path", true);
  }
  if (const Node* volume = node.find("volume")) {
    out.volume.nocopy = flag(*volume, "nocopy");
    out.volume.subpath = text(*volume, "subpath");
    out.volume.labels = text_map(*volume, "labels");
  }
  if (const Node* tmpfs = node.find("tmpfs")) {
    out.tmpfs.size = size(*tmpfs, "size");
    out.tmpfs.mode = static_cast<uint32_t>(number(*tmpfs, "mode"));
  }
  if (const Node* image = node.find("image")) out.image_subpath = text(*image, "subpath");
  return out;
}

// "id" or "id=path", as the builder's --ssh takes them.
std::vector<std::string> ssh_keys(const Node& node) {
  std::vector<std::string> out;
  each_entry(node, "ssh", [&](const Entry& entry) {
    std::string path = scalar_text(entry.value);
    out.push_back(path.empty() ? entry.key : entry.key + "=" + path);
  });
  return out;
}

std::vector<std::string> host_lines(const Node& node) {
  std::vector<std::string> out;
  for (const auto& [host, address] : hosts(node, "extra_hosts"))
    out.push_back(host + "=" + address);
  return out;
}

}  // namespace

std::vector<ServiceVolume> mounts(const Node& service) {
  std::vector<ServiceVolume> out;
  each_item(service, "volumes", [&](const Node& item) { out.push_back(mount(item)); });
  return out;
}

Build build(const Node& node) {
  Build out;
  out.context = text(node, "context");
  out.dockerfile = text(node, "dockerfile");
  out.dockerfile_inline = text(node, "dockerfile_inline");
  out.target = text(node, "target");
  out.network = text(node, "network");
  out.args = variables(node, "args");
  out.labels = text_map(node, "labels");
  out.additional_contexts = text_map(node, "additional_contexts");
  out.tags = texts(node, "tags");
  out.platforms = texts(node, "platforms");
  out.cache_from = texts(node, "cache_from");
  out.cache_to = texts(node, "cache_to");
  out.no_cache_filter = texts(node, "no_cache_filter");
  out.extra_hosts = host_lines(node);
  out.ssh = ssh_keys(node);
  out.entitlements = texts(node, "entitlements");
  out.secrets = file_references(node, "secrets");
  out.no_cache = flag(node, "no_cache");
  out.pull = flag(node, "pull");
  out.privileged = flag(node, "privileged");
  out.shm_size = size(node, "shm_size");
  out.ulimits = ulimits(node);
  return out;
}

}  // namespace estiba::spec::bind
