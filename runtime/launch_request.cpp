#include "runtime/launch_request.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace estiba::runtime {
namespace {

struct LimitName {
  const char* name;
  int resource;
};
constexpr std::array limit_names{LimitName{"as", RLIMIT_AS},
                                 LimitName{"core", RLIMIT_CORE},
                                 LimitName{"cpu", RLIMIT_CPU},
                                 LimitName{"data", RLIMIT_DATA},
                                 LimitName{"fsize", RLIMIT_FSIZE},
                                 LimitName{"locks", RLIMIT_LOCKS},
                                 LimitName{"memlock", RLIMIT_MEMLOCK},
                                 LimitName{"msgqueue", RLIMIT_MSGQUEUE},
                                 LimitName{"nice", RLIMIT_NICE},
                                 LimitName{"nofile", RLIMIT_NOFILE},
                                 LimitName{"nproc", RLIMIT_NPROC},
                                 LimitName{"rss", RLIMIT_RSS},
                                 LimitName{"rtprio", RLIMIT_RTPRIO},
                                 LimitName{"rttime", RLIMIT_RTTIME},
                                 LimitName{"sigpending", RLIMIT_SIGPENDING},
                                 LimitName{"stack", RLIMIT_STACK}};

RlimitSetup limit_setup(const Rlimit& limit) {
  for (const auto& known : limit_names) {
    if (limit.type != known.name) continue;
    if (limit.soft > limit.hard)
      throw Error(cat("ulimit ", limit.type, ": the soft limit is above the hard limit"));
    return {known.resource, limit.soft, limit.hard};
  }
  throw Error(cat("unknown ulimit \"", limit.type, "\""));
}

// Said outright, so that the limits of the shell that ran the first `up` never matter.
std::vector<RlimitSetup> limits(const Process& process) {
  std::vector<RlimitSetup> setups{{RLIMIT_NOFILE, 1024, 524288}, {RLIMIT_CORE, 0, UINT64_MAX}};
  for (const auto& limit : process.rlimits) {
    RlimitSetup wanted = limit_setup(limit);
    std::erase_if(setups, [&](const auto& other) { return other.resource == wanted.resource; });
    setups.push_back(wanted);
  }
  return setups;
}

void add_default(std::vector<std::string>& env, const std::string& name, const std::string& value) {
  for (const auto& entry : env)
    if (entry.starts_with(name + "=")) return;
  env.push_back(cat(name, "=", value));
}

NamespaceSetup setup_of(const Namespace& space) {
  if (std::holds_alternative<HostNamespace>(space)) return {NamespaceMode::host, {}};
  if (const auto* joined = std::get_if<JoinContainer>(&space))
    return {NamespaceMode::container, joined->id};
  if (const auto* joined = std::get_if<JoinPath>(&space))
    return {NamespaceMode::path, joined->path};
  return {NamespaceMode::create, {}};
}

}  // namespace

ProcessSetup process_setup(const Process& process, std::string seccomp) {
  ProcessSetup setup;
  setup.args = process.args;
  setup.env = process.env;
  add_default(setup.env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  if (process.terminal) add_default(setup.env, "TERM", "xterm");
  setup.cwd = process.cwd;
  setup.user = process.user;
  setup.groups = process.additional_groups;
  setup.capabilities = process.capabilities;
  setup.rlimits = limits(process);
  setup.oom_score_adj = process.oom_score_adj;
  setup.no_new_privileges = process.no_new_privileges;
  setup.terminal = process.terminal;
  setup.seccomp = std::move(seccomp);
  return setup;
}

LaunchRequest launch_request(const ContainerSpec& spec, const HostFacts& host, CgroupSetup cgroup,
                             std::string seccomp) {
  LaunchRequest request;
  request.id = spec.id;
  request.process = process_setup(spec.process, std::move(seccomp));
  if (spec.hostname_in_env && !spec.hostname.empty())
    add_default(request.process.env, "HOSTNAME", spec.hostname);
  request.stdin_open = spec.process.stdin_open;
  request.init = spec.init;
  request.network = setup_of(spec.namespaces.network);
  request.ipc = setup_of(spec.namespaces.ipc);
  request.pid = setup_of(spec.namespaces.pid);
  request.uts = setup_of(spec.namespaces.uts);
  request.cgroup_namespace = setup_of(spec.namespaces.cgroup);
  request.cgroup = std::move(cgroup);
  request.root = {spec.root.lower, spec.root.upper, spec.root.work, spec.root.readonly,
                  spec.root.self_contained};
  request.mounts = mount_plan(spec, host);
  request.hostname = spec.hostname;
  request.domainname = spec.domainname;
  return request;
}

}  // namespace estiba::runtime
