// The canonical Compose model after everything: parsed, interpolated, merged, normalised,
// validated. Names are the Compose Specification's. A field is optional only where "not written"
// means something other than a default. Durations are nanoseconds, sizes bytes, CPUs nano-CPUs.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace estiba::spec {

using std::chrono::nanoseconds;
using StringMap = std::map<std::string, std::string>;

/// Where a value was written; line and column count from 1. An empty file means: not from a file.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

enum class DependsOnCondition { service_started, service_healthy, service_completed_successfully };

struct Dependency {
  DependsOnCondition condition = DependsOnCondition::service_started;
  bool restart = false;
  bool required = true;
  bool operator==(const Dependency&) const = default;
};

struct Healthcheck {
  /// Empty: as the image has it. {"NONE"}: disabled. {"CMD", ...} or {"CMD-SHELL", script}.
  std::vector<std::string> test;
  std::optional<nanoseconds> interval, timeout, start_period, start_interval;
  std::optional<int> retries;
  bool disable = false;
  bool operator==(const Healthcheck&) const = default;
};

struct Hook {
  std::vector<std::string> command;
  std::optional<std::string> user, working_dir;
  bool privileged = false;
  std::map<std::string, std::optional<std::string>> environment;
  bool operator==(const Hook&) const = default;
};

struct Port {
  std::string name;
  std::string host_ip;  ///< empty: every address
  uint16_t target = 0;
  std::string published;  ///< empty: a free port; "8080" or a range "8000-8010"
  std::string protocol = "tcp";
  std::string mode, app_protocol;
  bool operator==(const Port&) const = default;
};

struct ServiceNetwork {
  std::vector<std::string> aliases, link_local_ips;
  std::string ipv4_address, ipv6_address, mac_address, interface_name;
  int64_t priority = 0, gw_priority = 0;
  StringMap driver_opts;
  bool operator==(const ServiceNetwork&) const = default;
};

struct ServiceVolume {
  std::string type;    ///< bind, volume, tmpfs, image, npipe, cluster
  std::string source;  ///< absolute host path, volume key (empty: anonymous), image reference
  std::string target;
  bool read_only = false;
  std::string consistency;
  struct Bind {
    std::string propagation, selinux, recursive;
    bool create_host_path = true;
    bool operator==(const Bind&) const = default;
  } bind;
  struct Volume {
    bool nocopy = false;
    std::string subpath;
    StringMap labels;
    bool operator==(const Volume&) const = default;
  } volume;
  struct Tmpfs {
    int64_t size = 0;   ///< 0: the kernel's default
    uint32_t mode = 0;  ///< 0: 1777
    bool operator==(const Tmpfs&) const = default;
  } tmpfs;
  std::string image_subpath;
  bool operator==(const ServiceVolume&) const = default;
};

/// A config or secret as a service uses it.
struct FileReference {
  std::string source, target, uid, gid;  ///< target, uid, gid empty: the default
  std::optional<uint32_t> mode;
  bool operator==(const FileReference&) const = default;
};

struct Ulimit {
  int64_t soft = 0, hard = 0;  ///< -1: no limit
  bool operator==(const Ulimit&) const = default;
};

struct Device {
  std::string source, target, permissions;
  bool operator==(const Device&) const = default;
};

struct Logging {
  std::string driver;
  StringMap options;
  bool operator==(const Logging&) const = default;
};

/// Limits from deploy.resources, mem_limit, cpus and so on, already unified. 0: not set.
struct Resources {
  int64_t memory = 0, memory_reservation = 0, memory_swap = 0;  ///< memory_swap -1: unlimited
  std::optional<int64_t> memory_swappiness;
  int64_t nano_cpus = 0, cpu_shares = 0, cpu_quota = 0, cpu_period = 0;
  int64_t cpu_rt_runtime = 0, cpu_rt_period = 0;  ///< microseconds
  std::string cpuset;
  int64_t pids = 0;  ///< -1: unlimited
  bool oom_kill_disable = false;
  uint16_t blkio_weight = 0;
  bool operator==(const Resources&) const = default;
};

enum class RestartCondition { no, always, on_failure, unless_stopped };

struct RestartPolicy {
  RestartCondition condition = RestartCondition::no;
  int max_attempts = 0;  ///< 0: no bound
  std::optional<nanoseconds> delay, window;
  bool operator==(const RestartPolicy&) const = default;
};

struct Build {
  std::string context, dockerfile, dockerfile_inline, target, network;
  std::map<std::string, std::optional<std::string>> args;
  StringMap labels, additional_contexts;
  std::vector<std::string> tags, platforms, cache_from, cache_to, no_cache_filter, extra_hosts, ssh,
      entitlements;
  std::vector<FileReference> secrets;
  bool no_cache = false, pull = false, privileged = false;
  int64_t shm_size = 0;
  std::map<std::string, Ulimit> ulimits;
  bool operator==(const Build&) const = default;
};

struct Service {
  std::string name;
  Place place;

  std::string image, platform, pull_policy, container_name, hostname, domainname, user, working_dir;
  std::optional<Build> build;
  /// Nothing: the image's. An empty list: none at all.
  std::optional<std::vector<std::string>> command, entrypoint;
  /// A name without value was unset everywhere, and stays unset in the container.
  std::map<std::string, std::optional<std::string>> environment;
  StringMap labels, annotations, sysctls, storage_opt;
  std::vector<std::string> profiles, expose, links, external_links, group_add;
  std::vector<std::string> cap_add, cap_drop, security_opt, device_cgroup_rules;
  std::vector<std::string> dns, dns_opt, dns_search, volumes_from;
  /// tmpfs: entries, "/path" or "/path:options".
  std::vector<std::string> tmpfs;
  /// Host name → addresses (or "host-gateway"), in the order written.
  std::vector<std::pair<std::string, std::string>> extra_hosts;
  std::map<std::string, Dependency> depends_on;
  std::optional<Healthcheck> healthcheck;
  std::vector<Hook> pre_start, post_start, pre_stop;
  std::vector<Port> ports;
  /// Keys of the project's networks. Empty with network_mode.
  std::map<std::string, ServiceNetwork> networks;
  /// bridge, host, none, service:NAME, container:NAME, or empty.
  std::string network_mode;
  std::string mac_address, ipc, pid, uts, cgroup, cgroup_parent, userns_mode, isolation, runtime;
  std::vector<ServiceVolume> volumes;
  std::vector<FileReference> configs, secrets;
  std::vector<Device> devices;
  std::map<std::string, Ulimit> ulimits;
  Logging logging;
  Resources resources;
  RestartPolicy restart;
  std::string stop_signal;
  std::optional<nanoseconds> stop_grace_period;
  std::optional<int> oom_score_adj;
  int64_t shm_size = 0;
  /// Replicas wanted: scale or deploy.replicas, 1 if neither is written.
  int replicas = 1;
  bool attach = true;
  bool tty = false, stdin_open = false, privileged = false, read_only = false;
  /// init: true, false, or as the installation has it.
  std::optional<bool> init;

  /// sha256 of what a container is made from (container label com.docker.compose.config-hash);
  /// without build, pull_policy, scale, replicas, depends_on and profiles.
  std::string config_hash;
  bool operator==(const Service&) const = default;
};

struct IpamPool {
  std::string subnet, ip_range, gateway;
  StringMap aux_addresses;
  bool operator==(const IpamPool&) const = default;
};

struct Network {
  std::string key, name, driver;
  Place place;
  StringMap driver_opts, labels;
  std::vector<IpamPool> ipam;
  bool external = false, internal = false, attachable = false;
  std::optional<bool> enable_ipv4, enable_ipv6;
  std::string config_hash;
  bool operator==(const Network&) const = default;
};

struct Volume {
  std::string key, name, driver;
  Place place;
  StringMap driver_opts, labels;
  bool external = false;
  std::string config_hash;
  bool operator==(const Volume&) const = default;
};

/// A top-level config or secret; exactly one of file, environment, content, external.
struct FileObject {
  std::string key, name, file, environment;
  Place place;
  std::optional<std::string> content;
  bool external = false;
  StringMap labels;
  bool operator==(const FileObject&) const = default;
};

struct Project {
  std::string name;
  std::string working_dir;                ///< absolute
  std::vector<std::string> config_files;  ///< absolute, in order; "-" for standard input
  std::vector<std::string> env_files;
  std::map<std::string, Service> services;  ///< the enabled ones
  std::map<std::string, Service> disabled_services;
  std::map<std::string, Network> networks;
  std::map<std::string, Volume> volumes;
  std::map<std::string, FileObject> configs, secrets;
  bool operator==(const Project&) const = default;
};

}  // namespace estiba::spec
