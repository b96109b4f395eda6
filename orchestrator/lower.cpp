#include "orchestrator/lower.hpp"

#include <algorithm>
#include <climits>
#include <csignal>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/lower_mounts.hpp"
#include "orchestrator/security_options.hpp"
#include "orchestrator/sound_names.hpp"
#include "runtime/containers.hpp"

namespace estiba::orchestrator {
namespace {

constexpr std::string_view default_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view variable_name(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void set_variable(std::vector<std::string>& env, const std::string& entry) {
  auto same = [&](const std::string& other) {
    return variable_name(other) == variable_name(entry);
  };
  auto found = std::find_if(env.begin(), env.end(), same);
  if (found == env.end()) {
    env.push_back(entry);
  } else {
    *found = entry;
  }
}

std::vector<std::string> environment(const LowerInput& input, const std::string& hostname) {
  const spec::Service& service = input.service;
  std::vector<std::string> env{std::string(default_path), cat("HOSTNAME=", hostname)};
  for (const std::string& entry : input.image.config.env) set_variable(env, entry);
  for (const auto& [name, value] : service.environment) {
    if (value) {
      set_variable(env, cat(name, "=", *value));
    } else {
      std::erase_if(env, [&](const std::string& entry) { return variable_name(entry) == name; });
    }
  }
  return env;
}

uint64_t capability_bit(const std::string& name) {
  auto bit = runtime::parse_capability(name);
  if (!bit) throw Error(cat("unknown capability \"", name, "\""));
  return uint64_t{1} << *bit;
}

bool names_all(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const auto& name) {
    return text::lower(name) == "all" || text::lower(name) == "cap_all";
  });
}

// As Docker: what is added wins over what is dropped, but for ALL.
uint64_t capabilities(const spec::Service& service) {
  if (service.privileged) return runtime::all_capabilities();
  uint64_t set = names_all(service.cap_drop) ? 0 : runtime::default_capabilities;
  if (names_all(service.cap_add)) set = runtime::all_capabilities();
  auto named = [](const std::string& name) { return !names_all({name}); };
  for (const std::string& name : service.cap_drop)
    if (named(name)) set &= ~capability_bit(name);
  for (const std::string& name : service.cap_add)
    if (named(name)) set |= capability_bit(name);
  return set & runtime::all_capabilities();
}

uint64_t limit_value(int64_t value) {
  return value < 0 ? UINT64_MAX : static_cast<uint64_t>(value);
}

// Set whatever the shell that ran `up` has: its limits must not leak in.
std::vector<runtime::Rlimit> rlimits(const spec::Service& service) {
  std::vector<runtime::Rlimit> limits;
  if (!service.ulimits.contains("nofile")) limits.push_back({"nofile", 1024, 524288});
  if (!service.ulimits.contains("core")) limits.push_back({"core", 0, UINT64_MAX});
  for (const auto& [type, limit] : service.ulimits) {
    if (limit_value(limit.soft) > limit_value(limit.hard))
      throw Error(cat("ulimit ", type, ": the soft limit is above the hard one"));
    limits.push_back({type, limit_value(limit.soft), limit_value(limit.hard)});
  }
  return limits;
}

runtime::Resources resources(const spec::Service& service) {
  constexpr int64_t default_pids = 16384;
  constexpr int64_t period = 100'000;
  const spec::Resources& wanted = service.resources;
  runtime::Resources out;
  out.memory = wanted.memory;
  out.memory_reservation = wanted.memory_reservation;
  out.memory_swap = wanted.memory_swap;
  out.memory_swappiness = wanted.memory_swappiness;
  out.oom_kill_disable = wanted.oom_kill_disable;
  out.cpu_shares = static_cast<uint64_t>(wanted.cpu_shares);
  out.cpu_quota = wanted.cpu_quota;
  out.cpu_period = wanted.cpu_period;
  if (wanted.nano_cpus > 0) {
    out.cpu_period = period;
    out.cpu_quota = wanted.nano_cpus * period / 1'000'000'000;
  }
  out.cpu_rt_runtime = wanted.cpu_rt_runtime;
  out.cpu_rt_period = wanted.cpu_rt_period;
  out.cpuset_cpus = wanted.cpuset;
  out.pids = wanted.pids == 0 ? default_pids : wanted.pids;
  out.blkio_weight = wanted.blkio_weight;
  out.device_rules = service.device_cgroup_rules;
  out.all_devices = service.privileged;
  return out;
}

void apply_security(const LowerInput& input, runtime::ContainerSpec& spec) {
  const spec::Service& service = input.service;
  SecurityOptions options = security_options(service);
  spec.process.capabilities = capabilities(service);
  spec.process.no_new_privileges = options.no_new_privileges.value_or(false);
  spec.privileged = service.privileged;
  spec.masked_paths = !service.privileged && !options.all_paths;
  bool unconfined =
      options.seccomp == "unconfined" || (options.seccomp.empty() && service.privileged);
  if (unconfined) {
    spec.seccomp = runtime::SeccompMode::unconfined;
  } else if (!options.seccomp.empty()) {
    spec.seccomp = runtime::SeccompMode::custom;
    spec.seccomp_profile = input.contents.at(seccomp_content);
  }
}

runtime::Process process(const LowerInput& input, const std::string& hostname) {
  const spec::Service& service = input.service;
  const img::ImageConfig& image = input.image.config;
  runtime::Process out;
  out.terminal = service.tty;
  out.stdin_open = service.stdin_open;
  out.args = full_command(service, image);
  if (out.args.empty())
    throw Error(
        "neither the image nor the Compose file has a command; add command: to the service");
  out.env = environment(input, hostname);
  out.cwd = !service.working_dir.empty() ? service.working_dir
            : image.working_dir.empty()  ? "/"
                                         : image.working_dir;
  out.user = service.user.empty() ? image.user : service.user;
  out.additional_groups = service.group_add;
  out.rlimits = rlimits(service);
  out.oom_score_adj = service.oom_score_adj.value_or(0);
  return out;
}

std::chrono::nanoseconds first_set(std::optional<std::chrono::nanoseconds> service,
                                   std::chrono::nanoseconds image,
                                   std::chrono::nanoseconds fallback) {
  if (service && service->count() > 0) return *service;
  return image.count() > 0 ? image : fallback;
}

}  // namespace

// As the Docker Engine: an empty list is as good as none, but that an empty entrypoint hides the
// image's; and an entrypoint of the file's own leaves nothing of the image's command.
MergedCommand merged_command(const spec::Service& service, const img::ImageConfig& image) {
  MergedCommand merged;
  merged.entrypoint = service.entrypoint.value_or(image.entrypoint);
  merged.command = service.command.value_or(std::vector<std::string>{});
  bool own_entrypoint = service.entrypoint && !service.entrypoint->empty();
  if (merged.command.empty() && !own_entrypoint) merged.command = image.cmd;
  return merged;
}

std::vector<std::string> full_command(const spec::Service& service, const img::ImageConfig& image) {
  auto [args, command] = merged_command(service, image);
  args.insert(args.end(), command.begin(), command.end());
  return args;
}

runtime::ContainerSpec lower(const LowerInput& input) {
  const spec::Service& service = input.service;
  runtime::ContainerSpec spec;
  spec.id = input.id;
  spec.hostname = service.hostname.empty() ? input.id.substr(0, 12) : service.hostname;
  spec.domainname = service.domainname;
  spec.process = process(input, spec.hostname);
  spec.root = {input.image.layer_dirs, cat(input.directory, "/upper"),
               cat(input.directory, "/work"), service.read_only};
  spec.mounts = lower_mounts(input);
  spec.namespaces = input.namespaces;
  spec.resources = resources(service);
  for (const spec::Device& device : service.devices)
    spec.devices.push_back({device.source, device.target.empty() ? device.source : device.target,
                            device.permissions.empty() ? "rwm" : device.permissions});
  spec.sysctls = {service.sysctls.begin(), service.sysctls.end()};
  if (service.shm_size > 0) spec.shm_size = service.shm_size;
  spec.init = service.init.value_or(false);
  spec.cgroup_parent = service.cgroup_parent;
  apply_security(input, spec);
  return spec;
}

runtime::Process exec_process(const runtime::ContainerSpec& container,
                              std::vector<std::string> args) {
  runtime::Process process = container.process;
  process.terminal = false;
  process.args = std::move(args);
  return process;
}

Health health_of(const spec::Service& service, const img::ImageConfig& image) {
  const spec::Healthcheck none;
  const img::ImageHealthcheck no_image;
  const spec::Healthcheck& own = service.healthcheck ? *service.healthcheck : none;
  const img::ImageHealthcheck& inherited = image.healthcheck ? *image.healthcheck : no_image;
  std::vector<std::string> test = own.test.empty() ? inherited.test : own.test;
  Health health;
  if (own.disable || test.empty() || test[0] == "NONE") return health;
  if (test[0] == "CMD-SHELL") {
    std::vector<std::string> shell =
        image.shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"} : image.shell;
    health.args = shell;
    health.args.insert(health.args.end(), test.begin() + 1, test.end());
  } else {
    health.args.assign(test.begin() + (test[0] == "CMD" ? 1 : 0), test.end());
  }
  scheduler::HealthPolicy& policy = health.policy;
  policy.interval = first_set(own.interval, inherited.interval, policy.interval);
  policy.timeout = first_set(own.timeout, inherited.timeout, policy.timeout);
  policy.start_period = first_set(own.start_period, inherited.start_period, policy.start_period);
  auto start_interval =
      first_set(own.start_interval, inherited.start_interval, std::chrono::nanoseconds{0});
  if (start_interval.count() > 0) policy.start_interval = start_interval;
  policy.retries = own.retries.value_or(inherited.retries);
  if (policy.retries == 0) policy.retries = scheduler::HealthPolicy{}.retries;
  return health;
}

int stop_signal_of(const spec::Service& service, const img::ImageConfig& image) {
  const std::string& name = service.stop_signal.empty() ? image.stop_signal : service.stop_signal;
  if (name.empty()) return SIGTERM;
  auto number = runtime::parse_signal(name);
  if (!number) throw Error(cat("unknown stop_signal \"", name, "\""));
  return *number;
}

std::string hosts_text(const std::vector<HostsEntry>& entries) {
  std::string out =
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
      "ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";
  for (const HostsEntry& entry : entries) {
    std::vector<std::string> words = entry.names;
    words.push_back(entry.address);
    for (const std::string& word : words)
      if (!is_one_word(word)) throw Error(cat("/etc/hosts cannot hold \"", word, "\""));
    out += cat(entry.address, "\t", text::join(entry.names, " "), "\n");
  }
  return out;
}

}  // namespace estiba::orchestrator
