// What a container is made of, in the OCI runtime specification's terms. The runtime adds what
// every container has (/proc, /sys, /dev, masked and read-only paths, default sysctls); a spec
// names only what is particular. User names are resolved in the container's own /etc/passwd and
// /etc/group.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace estiba::runtime {

struct Rlimit {
  std::string type;  ///< "nofile", "nproc", ... (getrlimit(2), lower case without RLIMIT_)
  uint64_t soft = 0, hard = 0;  ///< UINT64_MAX: unlimited
};

struct Process {
  bool terminal = false;
  /// Whether standard input stays open (a pipe); otherwise it is /dev/null.
  bool stdin_open = false;
  std::vector<std::string> args;
  std::vector<std::string> env;  ///< "NAME=value"; HOME is added from passwd when missing
  std::string cwd = "/";         ///< created if missing
  std::string user;              ///< "", "name", "uid", "name:group", "uid:gid"
  std::vector<std::string> additional_groups;
  uint64_t capabilities = 0;  ///< bounding = permitted = effective: bit N is CAP number N
  bool no_new_privileges = false;
  std::vector<Rlimit> rlimits;
  int oom_score_adj = 0;
};

/// The layers and the writable directories of an overlay(5) mount.
struct Root {
  std::vector<std::string> lower;  ///< topmost first, as overlay's lowerdir
  std::string upper, work;
  bool readonly = false;
  /// The upper directory is going to be a layer of its own: it must hold whole files and
  /// directories, none of overlay's references to lower layers. It is synced by whoever keeps it.
  bool self_contained = false;
};

struct BindMount {
  std::string source, target;
  bool readonly = false;
  bool recursive = true;
  std::string propagation = "rprivate";
  /// A path within the source, for what containers can write to: resolved beneath it when it is
  /// mounted. A link in it may lead elsewhere in the source, never out.
  std::string subpath{};
  /// False: a symbolic link on the way to the source is an error. For what a container may have
  /// replaced since its path was made out.
  bool follow_links = true;
};

struct TmpfsMount {
  std::string target;
  int64_t size = 0;  ///< bytes; 0: the kernel's default
  uint32_t mode = 01777;
  uint32_t uid = 0, gid = 0;
  bool readonly = false, noexec = true, nosuid = true, nodev = true;
};

/// A file that the runtime writes into a tmpfs of the container, never to a disk (secrets from the
/// environment, configs from content).
struct FileMount {
  std::string target;
  std::string content;
  uint32_t uid = 0, gid = 0, mode = 0444;
};

/// What an image holds, read-only: all of it, or what is at `subpath` beneath its root.
struct ImageMount {
  std::vector<std::string> layers;  ///< topmost first
  std::string subpath, target;
};

using Mount = std::variant<BindMount, TmpfsMount, FileMount, ImageMount>;

/// A namespace: new, the host's, or another container's (its id; it must be running).
struct NewNamespace {};
struct HostNamespace {};
struct JoinContainer {
  std::string id;
};
/// A namespace file, such as the network sandbox that netmgr made.
struct JoinPath {
  std::string path;
};
using Namespace = std::variant<NewNamespace, HostNamespace, JoinContainer, JoinPath>;

struct Namespaces {
  Namespace network, ipc, pid, uts, cgroup;
};

struct DeviceNode {
  std::string source;       ///< on the host
  std::string target;       ///< in the container
  std::string permissions;  ///< of "rwm"
};

/// cgroup limits. 0 or empty: not set.
struct Resources {
  int64_t memory = 0, memory_reservation = 0;
  int64_t memory_swap = 0;  ///< memory plus swap, as v1 counts it; -1: unlimited
  std::optional<int64_t> memory_swappiness;
  bool oom_kill_disable = false;
  uint64_t cpu_shares = 0;
  int64_t cpu_quota = 0, cpu_period = 0;  ///< microseconds
  int64_t cpu_rt_runtime = 0, cpu_rt_period = 0;
  std::string cpuset_cpus;
  int64_t pids = 0;  ///< -1: unlimited
  uint16_t blkio_weight = 0;
  std::vector<std::string> device_rules;  ///< "c 10:200 rwm", beyond the defaults
  bool all_devices = false;               ///< privileged
};

enum class SeccompMode { default_profile, unconfined, custom };

struct ContainerSpec {
  std::string id;  ///< 64 hexadecimal digits
  Process process;
  Root root;
  std::string hostname, domainname;
  bool hostname_in_env = true;  ///< HOSTNAME, where process.env does not set it
  std::vector<Mount> mounts;    ///< in the order they are mounted: parents before children
  Namespaces namespaces;
  Resources resources;
  std::vector<DeviceNode> devices;
  std::map<std::string, std::string> sysctls;
  int64_t shm_size = int64_t{64} << 20;
  bool privileged = false;
  bool masked_paths = true;  ///< false: systempaths=unconfined
  bool init = false;         ///< a reaping, signal-forwarding PID 1 before the process
  SeccompMode seccomp = SeccompMode::default_profile;
  std::string seccomp_profile;  ///< Docker-format JSON, with SeccompMode::custom
  std::string cgroup_parent;    ///< empty: "estiba"
  /// Opaque to the runtime (project, service, number, hash ...).
  std::map<std::string, std::string> annotations;
};

}  // namespace estiba::runtime
