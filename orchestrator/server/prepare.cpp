#include "orchestrator/server/prepare.hpp"

#include <algorithm>

#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

// "service:web" → the container of that service; "container:x" → by name or id.
InstancePtr referred(const Core& core, const Instance& instance, const std::string& mode) {
  size_t colon = mode.find(':');
  std::string kind = mode.substr(0, colon);
  std::string name = colon == std::string::npos ? "" : mode.substr(colon + 1);
  if (kind == "container") {
    if (InstancePtr found = core.by_name(name)) return found;
    throw Error(cat("there is no container \"", name, "\" (", mode, ")"));
  }
  if (auto joined = instance.record.joins.find(name); joined != instance.record.joins.end())
    if (auto found = core.instances.find(joined->second); found != core.instances.end())
      return found->second;
  for (const InstancePtr& other : core.of_project(instance.record.project))
    if (other->record.service == name && !other->record.one_off && other->running()) return other;
  throw Error(cat("service \"", name, "\" is not running, and ", mode, " needs it"));
}

runtime::Namespace shared_namespace(const Core& core, const Instance& instance,
                                    const std::string& mode) {
  if (mode == "host") return runtime::HostNamespace{};
  if (mode.starts_with("service:") || mode.starts_with("container:"))
    return runtime::JoinContainer{referred(core, instance, mode)->record.id};
  return runtime::NewNamespace{};
}

// Names by which others reach the container on one network.
std::vector<std::string> endpoint_names(const Instance& instance,
                                        const spec::ServiceNetwork& network) {
  std::vector<std::string> names{instance.record.name, instance.record.id.substr(0, 12)};
  bool aliases = !instance.record.one_off || instance.record.labels.contains("estiba.use-aliases");
  if (aliases) {
    names.push_back(instance.record.service);
    names.insert(names.end(), network.aliases.begin(), network.aliases.end());
  }
  if (!instance.service().hostname.empty()) names.push_back(instance.service().hostname);
  return names;
}

std::vector<std::pair<std::string, spec::ServiceNetwork>> networks_in_order(
    const spec::Service& service) {
  std::vector<std::pair<std::string, spec::ServiceNetwork>> networks(service.networks.begin(),
                                                                     service.networks.end());
  std::stable_sort(networks.begin(), networks.end(), [](const auto& a, const auto& b) {
    return a.second.priority > b.second.priority;
  });
  return networks;
}

void attach_networks(Core& core, const Instance& instance) {
  auto sandbox = core.networks.sandbox(instance.record.id);
  if (!sandbox) sandbox = core.networks.create_sandbox(instance.record.id);
  for (const auto& [key, wanted] : networks_in_order(instance.service())) {
    const std::string& name = instance.model.networks.at(key).name;
    auto same = [&](const net::Lease& lease) { return lease.network == name; };
    if (std::any_of(sandbox->leases.begin(), sandbox->leases.end(), same)) continue;
    core.networks.ensure(name);
    net::EndpointRequest request;
    request.network = name;
    request.ipv4_address = wanted.ipv4_address;
    request.ipv6_address = wanted.ipv6_address;
    request.mac_address =
        wanted.mac_address.empty() ? instance.service().mac_address : wanted.mac_address;
    request.interface_name = wanted.interface_name;
    request.gw_priority = wanted.gw_priority;
    request.names = endpoint_names(instance, wanted);
    request.canonical_name = instance.record.name;
    core.networks.attach(instance.record.id, request);
  }
  core.names.sync();
}

runtime::Namespace network_namespace(Core& core, const Instance& instance) {
  const std::string& mode = instance.service().network_mode;
  if (mode == "host") return runtime::HostNamespace{};
  if (mode.starts_with("service:") || mode.starts_with("container:")) {
    InstancePtr other = referred(core, instance, mode);
    if (auto sandbox = core.networks.sandbox(other->record.id))
      return runtime::JoinPath{sandbox->netns_path};
    return runtime::JoinContainer{other->record.id};
  }
  attach_networks(core, instance);
  return runtime::JoinPath{core.networks.sandbox(instance.record.id)->netns_path};
}

// The lease that holds the default route: the highest gw_priority, then the first.
const net::Lease* default_route(const net::Sandbox& sandbox) {
  const net::Lease* best = nullptr;
  for (const net::Lease& lease : sandbox.leases)
    if (!best || lease.request.gw_priority > best->request.gw_priority) best = &lease;
  return best;
}

std::string host_gateway(const Core& core, const net::Sandbox* sandbox) {
  const net::Lease* lease = sandbox ? default_route(*sandbox) : nullptr;
  if (!lease) return "127.0.0.1";
  auto network = core.networks.find(lease->network);
  return network && !network->uplink_host.empty() ? network->uplink_host : lease->gateway;
}

// links: "db:alias" is a name that this container alone knows.
void add_links(const Core& core, const Instance& instance, std::vector<HostsEntry>& entries) {
  for (const std::string& link : instance.service().links) {
    auto parts = text::split(link, ':');
    for (const InstancePtr& other : core.of_project(instance.record.project)) {
      auto sandbox = core.networks.sandbox(other->record.id);
      if (other->record.service != parts[0] || !sandbox || sandbox->leases.empty()) continue;
      std::string alias = parts.size() > 1 ? parts[1] : parts[0];
      entries.push_back({sandbox->leases[0].address,
                         {alias, cat(alias, "_", std::to_string(other->record.number))}});
    }
  }
}

std::vector<HostsEntry> hosts_entries(const Core& core, const Instance& instance,
                                      const net::Sandbox* sandbox) {
  const spec::Service& service = instance.service();
  std::vector<HostsEntry> entries;
  for (const auto& [name, address] : service.extra_hosts)
    entries.push_back({address == "host-gateway" ? host_gateway(core, sandbox) : address, {name}});
  add_links(core, instance, entries);
  std::string hostname =
      service.hostname.empty() ? instance.record.id.substr(0, 12) : service.hostname;
  std::vector<std::string> own;
  if (!service.domainname.empty()) own.push_back(cat(hostname, ".", service.domainname));
  own.push_back(hostname);
  if (sandbox)
    for (const net::Lease& lease : sandbox->leases) entries.push_back({lease.address, own});
  if (!sandbox || sandbox->leases.empty()) entries.push_back({"127.0.1.1", own});
  return entries;
}

net::ResolvConf resolver(const Instance& instance, const net::Sandbox* sandbox) {
  const spec::Service& service = instance.service();
  net::ResolvConf conf;
  const net::Lease* lease = sandbox ? default_route(*sandbox) : nullptr;
  if (lease) {
    conf.nameservers.push_back(lease->gateway);
    conf.options.emplace_back("ndots:0");
  } else if (!sandbox) {
    conf = net::parse_resolv_conf(fs::read_if_exists("/etc/resolv.conf").value_or(""));
  }
  conf.nameservers.insert(conf.nameservers.end(), service.dns.begin(), service.dns.end());
  if (!service.dns_search.empty()) conf.search = service.dns_search;
  if (!service.dns_opt.empty()) conf.options = service.dns_opt;
  return conf;
}

}  // namespace

runtime::Namespaces join_namespaces(Core& core, const Instance& instance) {
  const spec::Service& service = instance.service();
  runtime::Namespaces namespaces;
  namespaces.network = network_namespace(core, instance);
  namespaces.ipc = shared_namespace(core, instance, service.ipc);
  namespaces.pid = shared_namespace(core, instance, service.pid);
  namespaces.uts = shared_namespace(core, instance, service.uts);
  namespaces.cgroup = shared_namespace(core, instance, service.cgroup);
  return namespaces;
}

void write_network_files(Core& core, const Instance& instance) {
  const std::string& mode = instance.service().network_mode;
  auto sandbox = core.networks.sandbox(instance.record.id);
  if (mode.starts_with("service:") || mode.starts_with("container:"))
    sandbox = core.networks.sandbox(referred(core, instance, mode)->record.id);
  const net::Sandbox* seen = sandbox ? &*sandbox : nullptr;
  auto write = [&](const char* name, const std::string& content) {
    fs::write_atomic(cat(core.paths.container(instance.record.id), "/", name), content, 0644,
                     fs::Durability::relaxed);
  };
  const std::string& hostname = instance.service().hostname;
  write("hosts", hosts_text(hosts_entries(core, instance, seen)));
  write("hostname", cat(hostname.empty() ? instance.record.id.substr(0, 12) : hostname, "\n"));
  write("resolv.conf", net::to_text(resolver(instance, seen)));
}

std::vector<uint16_t> host_port_candidates(const spec::Port& port) {
  auto number = [&](const std::string& text) {
    auto value = text::to_uint(text);
    if (!value || *value > UINT16_MAX) throw Error(cat("\"", port.published, "\" is not a port"));
    return static_cast<uint16_t>(*value);
  };
  if (port.published.empty()) return {0};
  size_t dash = port.published.find('-');
  uint16_t first = number(port.published.substr(0, dash));
  uint16_t last = dash == std::string::npos ? first : number(port.published.substr(dash + 1));
  std::vector<uint16_t> candidates;
  for (unsigned candidate = first; candidate <= last; ++candidate)
    candidates.push_back(static_cast<uint16_t>(candidate));
  return candidates;
}

void publish_ports(Core& core, const Instance& instance) {
  auto sandbox = core.networks.sandbox(instance.record.id);
  if (!sandbox || sandbox->leases.empty() || !sandbox->ports.empty()) return;
  if (instance.record.one_off && !instance.record.labels.contains("estiba.publish-ports")) return;
  std::vector<net::PortMapping> fixed;
  for (const spec::Port& port : instance.service().ports) {
    std::vector<uint16_t> candidates = host_port_candidates(port);
    net::PortMapping mapping{port.host_ip, candidates.front(), port.target, port.protocol};
    for (size_t i = 0; candidates.size() > 1 && i < candidates.size(); ++i) {
      mapping.host_port = candidates[i];
      try {
        core.networks.check_available(mapping);
        break;
      } catch (const Error&) {
        if (i + 1 == candidates.size()) throw;
      }
    }
    fixed.push_back(mapping);
  }
  if (fixed.empty()) return;
  core.networks.publish(instance.record.id, fixed);
  core.proxy.sync();
}

std::map<std::string, std::string> volume_directories(Core& core, const Instance& instance,
                                                      const img::ImageRecord& image) {
  std::map<std::string, std::string> directories;
  for (const spec::ServiceVolume& volume : instance.service().volumes) {
    if (volume.type == "bind")
      vol::ensure_bind_source(volume.source, volume.bind.create_host_path
                                                 ? vol::MissingSource::create
                                                 : vol::MissingSource::refuse);
    if (volume.type != "volume" || volume.source.empty()) continue;
    // At each start: after a reboot nothing is mounted that driver_opts ask for.
    directories[volume.target] = core.volumes.mount(instance.model.volumes.at(volume.source).name);
  }
  for (const std::string& target : anonymous_targets(instance.service(), image.config)) {
    auto record = core.volumes.find(instance.record.anonymous_volumes.at(target));
    if (!record) throw Error(cat("the anonymous volume of ", target, " is gone"));
    directories[target] = record->mountpoint;
  }
  return directories;
}

std::map<std::string, std::vector<std::string>> image_layers(const Core& core,
                                                             const Instance& instance) {
  std::map<std::string, std::vector<std::string>> layers;
  for (const auto& [target, id] : instance.record.image_volumes) {
    auto image = core.images.find(id);
    if (!image)
      throw Error(cat("the image that is mounted at ", target, " (", id.substr(0, 19),
                      ") is not in the store any more"));
    layers[target] = image->layer_dirs;
  }
  return layers;
}

// volumes_from: [container:]NAME[:ro|:rw].
std::vector<runtime::Mount> borrowed_mounts(Core& core, const Instance& instance) {
  std::vector<runtime::Mount> all;
  for (std::string from : instance.service().volumes_from) {
    bool readonly = from.ends_with(":ro");
    if (readonly || from.ends_with(":rw")) from.resize(from.size() - 3);
    InstancePtr lender =
        referred(core, instance, from.starts_with("container:") ? from : cat("service:", from));
    img::ImageRecord image = image_of(core, *lender);
    LowerInput input{lender->model, lender->service(), image, "", "", {}, {}, {}, {}, {}};
    input.image_layers = image_layers(core, *lender);
    input.volume_directories = volume_directories(core, *lender, image);
    input.borrowed = borrowed_mounts(core, *lender);
    for (runtime::Mount& mount : volume_mounts(input)) {
      if (auto* bind = std::get_if<runtime::BindMount>(&mount)) {
        bind->readonly = bind->readonly || readonly;
      } else if (!std::holds_alternative<runtime::ImageMount>(mount)) {
        continue;
      }
      all.push_back(std::move(mount));
    }
  }
  return all;
}

img::ImageRecord volume_image(const Core& core, const std::string& reference) {
  if (auto image = core.images.find(reference)) return *image;
  throw Error(cat("image \"", reference,
                  "\", which is to be mounted, is not in the store; fetch it "
                  "with `estiba image pull`, or build or import it"));
}

img::ImageRecord image_of(const Core& core, const Instance& instance) {
  auto image = core.images.find(instance.record.image_id);
  if (!image)
    throw Error(cat("the image of ", instance.record.name, " (",
                    instance.record.image_id.substr(0, 19), ") is not in the store any more"));
  return *image;
}

}  // namespace estiba::orchestrator
