// Limits, restart policy and replicas, each of which may be written in two places.
#include <cmath>

#include "base/text.hpp"
#include "compose-spec/bind/bind.hpp"

namespace estiba::spec::bind {
namespace {

const Node* at(const Node& node, std::initializer_list<std::string_view> keys) {
  const Node* found = &node;
  for (std::string_view key : keys) found = found ? found->find(key) : nullptr;
  return found;
}

// The value is of float32 precision: rounding to a billionth of a CPU hides that.
int64_t nano_cpus(const Node& node) {
  const Node* found = node.find("cpus");
  if (!found) return 0;
  double cpus = found->real()      ? *found->real()
                : found->integer() ? static_cast<double>(*found->integer())
                                   : 0;
  return std::llround(cpus * 1e9);
}

RestartCondition condition_of(std::string_view word) {
  if (word == "always" || word == "any") return RestartCondition::always;
  if (word == "on-failure" || word == "on_failure") return RestartCondition::on_failure;
  return word == "unless-stopped" ? RestartCondition::unless_stopped : RestartCondition::no;
}

}  // namespace

Resources resources(const Node& service) {
  Resources out;
  out.memory = size(service, "mem_limit");
  out.memory_reservation = size(service, "mem_reservation");
  out.memory_swap = size(service, "memswap_limit");
  if (service.find("mem_swappiness")) out.memory_swappiness = size(service, "mem_swappiness");
  out.nano_cpus = nano_cpus(service);
  out.cpu_shares = number(service, "cpu_shares");
  out.cpu_quota = number(service, "cpu_quota");
  out.cpu_period = number(service, "cpu_period");
  out.cpu_rt_runtime = number(service, "cpu_rt_runtime");
  out.cpu_rt_period = number(service, "cpu_rt_period");
  out.cpuset = text(service, "cpuset");
  out.pids = number(service, "pids_limit");
  out.oom_kill_disable = flag(service, "oom_kill_disable");
  if (const Node* blkio = service.find("blkio_config"))
    out.blkio_weight = static_cast<uint16_t>(number(*blkio, "weight"));
  if (const Node* limits = at(service, {"deploy", "resources", "limits"})) {
    if (int64_t memory = size(*limits, "memory")) out.memory = memory;
    if (int64_t cpus = nano_cpus(*limits)) out.nano_cpus = cpus;
    if (int64_t pids = number(*limits, "pids")) out.pids = pids;
  }
  if (const Node* reservations = at(service, {"deploy", "resources", "reservations"}))
    if (int64_t memory = size(*reservations, "memory")) out.memory_reservation = memory;
  return out;
}

RestartPolicy restart_policy(const Node& service) {
  RestartPolicy policy;
  const Node* deploy = at(service, {"deploy", "restart_policy"});
  std::string restart = text(service, "restart");
  if (!restart.empty()) {
    size_t colon = restart.find(':');
    policy.condition = condition_of(std::string_view(restart).substr(0, colon));
    if (colon != std::string::npos)
      policy.max_attempts =
          static_cast<int>(text::to_int(std::string_view(restart).substr(colon + 1)).value_or(0));
  } else if (deploy && deploy->is_mapping()) {
    std::string condition = text(*deploy, "condition");
    policy.condition = condition_of(condition.empty() ? "any" : condition);
  }
  if (!deploy) return policy;
  if (restart.empty()) policy.max_attempts = static_cast<int>(number(*deploy, "max_attempts"));
  policy.delay = duration(*deploy, "delay");
  policy.window = duration(*deploy, "window");
  return policy;
}

int replicas(const Node& service) {
  const Node* scale = service.find("scale");
  const Node* wanted = scale ? scale : at(service, {"deploy", "replicas"});
  return wanted && wanted->integer() ? static_cast<int>(*wanted->integer()) : 1;
}

}  // namespace estiba::spec::bind
