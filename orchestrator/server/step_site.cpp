#include "orchestrator/server/step_site.hpp"

#include "base/fs.hpp"
#include "base/log.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

using img::build::StepNetwork;
using img::build::StepRequest;

constexpr const char* build_network = "estiba_build";

std::string steps_directory(const Core& core) { return cat(core.paths.run_dir, "/steps"); }

// The network goes with its last step.
void remove_network_if_unused(Core& core) {
  auto network = core.networks.find(build_network);
  if (!network) return;
  try {
    core.networks.remove(build_network);
  } catch (const Error& error) {
    log::debug(cat("the builds' network stays: ", error.message()));
  }
  core.names.sync();
}

std::string host_gateway(const Core& core) {
  auto network = core.networks.find(build_network);
  return network && !network->uplink_host.empty() ? network->uplink_host : "127.0.0.1";
}

}  // namespace

StepSite::StepSite(Core& core, std::string id)
    : core_(core), id_(std::move(id)), directory_(cat(steps_directory(core), "/", id_)) {}

StepSite::~StepSite() {
  try {
    core_.containers.remove(id_);
    if (core_.networks.sandbox(id_)) core_.networks.remove_sandbox(id_);
    remove_network_if_unused(core_);
    fs::remove_tree(directory_);
  } catch (const Error& error) {
    log::warning(cat("a build step left something behind: ", error.message()));
  }
}

StepSurroundings StepSite::prepare(const StepRequest& request) {
  StepSurroundings surroundings{id_, directory_, network_namespace(request.network)};
  write_files(request);
  return surroundings;
}

runtime::Namespace StepSite::network_namespace(StepNetwork wanted) {
  if (wanted == StepNetwork::host) return runtime::HostNamespace{};
  net::Sandbox sandbox = core_.networks.create_sandbox(id_);
  if (wanted == StepNetwork::automatic) attach();
  return runtime::JoinPath{sandbox.netns_path};
}

void StepSite::attach() {
  if (core_.networks.find(build_network)) {
    core_.networks.ensure(build_network);
  } else {
    net::NetworkSpec spec;
    spec.name = build_network;
    core_.networks.create(spec);
  }
  net::EndpointRequest request;
  request.network = build_network;
  core_.networks.attach(id_, request);
  core_.names.sync();
}

void StepSite::write_files(const StepRequest& request) const {
  auto sandbox = core_.networks.sandbox(id_);
  net::ResolvConf resolver;
  if (sandbox && !sandbox->leases.empty()) {
    resolver.nameservers.push_back(sandbox->leases[0].gateway);
    resolver.options.emplace_back("ndots:0");
  } else if (!sandbox) {
    resolver = net::parse_resolv_conf(fs::read_if_exists("/etc/resolv.conf").value_or(""));
  }
  std::vector<HostsEntry> hosts;
  for (const std::string& entry : request.extra_hosts) {
    size_t colon = entry.find(':');
    if (colon == std::string::npos) throw Error(cat("\"", entry, "\" is not NAME:ADDRESS"));
    std::string address = entry.substr(colon + 1);
    if (address == "host-gateway") address = host_gateway(core_);
    hosts.push_back({address, {entry.substr(0, colon)}});
  }
  fs::make_dirs(directory_);
  auto write = [&](const char* name, const std::string& content) {
    fs::write_atomic(cat(directory_, "/", name), content, 0644, fs::Durability::relaxed);
  };
  write("hosts", hosts_text(hosts));
  write("resolv.conf", net::to_text(resolver));
}

void remove_leftover_steps(Core& core) {
  fs::remove_tree(steps_directory(core));
  remove_network_if_unused(core);
}

}  // namespace estiba::orchestrator
