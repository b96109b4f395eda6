#include "orchestrator/server/step_networks.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {

using img::build::StepNetwork;

void remove_build_network_if_unused(Core& core) {
  if (!core.networks.find(build_network)) return;
  try {
    core.networks.remove(build_network);
  } catch (const Error& error) {
    log::debug(cat("the builds' network stays: ", error.message()));
  }
  core.names.sync();
}

StepNetworks::~StepNetworks() {
  try {
    for (const auto& [network, ids] : idle_)
      for (const std::string& id : ids) core_.networks.remove_sandbox(id);
    remove_build_network_if_unused(core_);
  } catch (const Error& error) {
    log::warning(cat("a build left a network behind: ", error.message()));
  }
}

net::Sandbox StepNetworks::take(StepNetwork network) {
  std::vector<std::string>& idle = idle_[network];
  if (!idle.empty()) {
    std::string id = idle.back();
    if (auto sandbox = core_.networks.sandbox(id)) {
      idle.pop_back();
      return *sandbox;
    }
  }
  net::Sandbox sandbox = core_.networks.create_sandbox(text::random_hex(64));
  if (network == StepNetwork::automatic) attach(sandbox.container_id);
  return core_.networks.sandbox(sandbox.container_id).value();
}

void StepNetworks::attach(const std::string& id) {
  if (core_.networks.find(build_network)) {
    core_.networks.ensure(build_network);
  } else {
    net::NetworkSpec spec;
    spec.name = build_network;
    core_.networks.create(spec);
  }
  net::EndpointRequest request;
  request.network = build_network;
  core_.networks.attach(id, request);
  core_.names.sync();
}

void StepNetworks::give_back(const std::string& id, StepNetwork network, Trace trace) {
  if (trace == Trace::none) {
    idle_[network].push_back(id);
  } else {
    core_.networks.remove_sandbox(id);
  }
}

}  // namespace estiba::orchestrator
