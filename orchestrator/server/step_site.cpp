#include "orchestrator/server/step_site.hpp"

#include "base/fs.hpp"
#include "base/log.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

using img::build::StepNetwork;
using img::build::StepRequest;

std::string steps_directory(const Core& core) { return cat(core.paths.run_dir, "/steps"); }

std::string host_gateway(const Core& core) {
  auto network = core.networks.find(build_network);
  return network && !network->uplink_host.empty() ? network->uplink_host : "127.0.0.1";
}

}  // namespace

StepSite::StepSite(Core& core, std::string id, std::shared_ptr<StepNetworks> networks)
    : core_(core),
      id_(std::move(id)),
      directory_(cat(steps_directory(core), "/", id_)),
      networks_(std::move(networks)) {}

StepSite::~StepSite() {
  try {
    core_.containers.remove(id_);
    if (held_) networks_->give_back(held_->sandbox.container_id, held_->network, held_->trace);
    fs::remove_tree(directory_);
  } catch (const Error& error) {
    log::warning(cat("a build step left something behind: ", error.message()));
  }
}

StepSurroundings StepSite::prepare(const StepRequest& request) {
  StepSurroundings surroundings{id_, directory_, network_namespace(request)};
  write_files(request);
  return surroundings;
}

runtime::Namespace StepSite::network_namespace(const StepRequest& request) {
  if (request.network == StepNetwork::host) return runtime::HostNamespace{};
  auto trace = request.privileged ? StepNetworks::Trace::possible : StepNetworks::Trace::none;
  held_ = Held{networks_->take(request.network), request.network, trace};
  return runtime::JoinPath{held_->sandbox.netns_path};
}

void StepSite::write_files(const StepRequest& request) const {
  net::ResolvConf resolver;
  if (held_ && !held_->sandbox.leases.empty()) {
    resolver.nameservers.push_back(held_->sandbox.leases[0].gateway);
    resolver.options.emplace_back("ndots:0");
  } else if (!held_) {
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
  remove_build_network_if_unused(core);
}

}  // namespace estiba::orchestrator
