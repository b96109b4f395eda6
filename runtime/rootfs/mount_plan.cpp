#include "runtime/rootfs/mount_plan.hpp"

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/rootfs/sysctls.hpp"

namespace estiba::runtime {
namespace {

constexpr uint64_t nosuid = MOUNT_ATTR_NOSUID, nodev = MOUNT_ATTR_NODEV, noexec = MOUNT_ATTR_NOEXEC,
                   readonly = MOUNT_ATTR_RDONLY;

// Paths of procfs and sysfs that tell of the host or steer it.
constexpr std::array masked{"/proc/acpi",
                            "/proc/asound",
                            "/proc/interrupts",
                            "/proc/kcore",
                            "/proc/keys",
                            "/proc/latency_stats",
                            "/proc/sched_debug",
                            "/proc/scsi",
                            "/proc/timer_list",
                            "/proc/timer_stats",
                            "/sys/devices/virtual/powercap",
                            "/sys/firmware"};
constexpr std::array read_only{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                               "/proc/sysrq-trigger"};

struct StandardDevice {
  const char* name;
  uint32_t major, minor;
};
constexpr std::array standard_devices{
    StandardDevice{"null", 1, 3},   StandardDevice{"zero", 1, 5},    StandardDevice{"full", 1, 7},
    StandardDevice{"random", 1, 8}, StandardDevice{"urandom", 1, 9}, StandardDevice{"tty", 5, 0}};

struct StandardLink {
  const char *path, *target;
};
constexpr std::array standard_links{
    StandardLink{"/dev/ptmx", "pts/ptmx"},          StandardLink{"/dev/fd", "/proc/self/fd"},
    StandardLink{"/dev/stdin", "/proc/self/fd/0"},  StandardLink{"/dev/stdout", "/proc/self/fd/1"},
    StandardLink{"/dev/stderr", "/proc/self/fd/2"}, StandardLink{"/dev/core", "/proc/kcore"}};

std::string target_of(const Mount& mount) {
  return std::visit([](const auto& held) { return held.target; }, mount);
}

bool user_mounts_at(const ContainerSpec& spec, const std::string& path) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const Mount& mount) { return fs::clean_path(target_of(mount)) == path; });
}

std::string octal(uint32_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7)));
  return digits.empty() ? "0" : digits;
}

void base_filesystems(const ContainerSpec& spec, const HostFacts& host,
                      std::vector<MountOp>& plan) {
  // A new procfs would show the processes of the namespace that the one who mounts it is in.
  if (const auto* joined = std::get_if<JoinContainer>(&spec.namespaces.pid))
    plan.push_back(LentOp{joined->id, "/proc"});
  else
    plan.push_back(FilesystemOp{"proc", "/proc", nosuid | noexec | nodev});
  plan.push_back(
      FilesystemOp{"tmpfs", "/dev", nosuid | MOUNT_ATTR_STRICTATIME, {"mode=755", "size=65536k"}});
  plan.push_back(FilesystemOp{"devpts",
                              "/dev/pts",
                              nosuid | noexec,
                              {"newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}});
  uint64_t sys_flags = nosuid | noexec | nodev | (spec.privileged ? 0 : readonly);
  plan.push_back(FilesystemOp{"sysfs", "/sys", sys_flags});
  plan.insert(plan.end(), host.cgroup_mounts.begin(), host.cgroup_mounts.end());
  plan.push_back(FilesystemOp{"mqueue", "/dev/mqueue", nosuid | noexec | nodev});
}

void shared_memory(const ContainerSpec& spec, std::vector<MountOp>& plan) {
  if (user_mounts_at(spec, "/dev/shm")) return;
  if (const auto* joined = std::get_if<JoinContainer>(&spec.namespaces.ipc)) {
    plan.push_back(LentOp{joined->id, "/dev/shm"});
  } else if (std::holds_alternative<HostNamespace>(spec.namespaces.ipc)) {
    plan.push_back(BindOp{"/dev/shm", "", "/dev/shm", false, true, MS_PRIVATE});
  } else {
    plan.push_back(FilesystemOp{"tmpfs",
                                "/dev/shm",
                                nosuid | noexec | nodev,
                                {"mode=1777", cat("size=", std::to_string(spec.shm_size))}});
  }
}

void devices(const HostFacts& host, std::vector<MountOp>& plan) {
  for (const auto& device : standard_devices)
    plan.push_back(
        DeviceOp{cat("/dev/", device.name), S_IFCHR | 0666, device.major, device.minor, 0, 0});
  for (const auto& link : standard_links) plan.push_back(LinkOp{link.path, link.target});
  for (const auto& device : host.devices) plan.push_back(device);
}

uint64_t propagation_of(const std::string& name) {
  if (name.empty() || name == "rprivate" || name == "private") return MS_PRIVATE;
  if (name == "rslave" || name == "slave") return MS_SLAVE;
  if (name == "rshared" || name == "shared") return MS_SHARED;
  throw Error(
      cat("unknown mount propagation \"", name, "\": expected [r]private, [r]slave or [r]shared"));
}

// Told early and in the user's words; what decides is how it is resolved.
void refuse_leading_out(const std::string& subpath, const std::string& of,
                        const std::string& target) {
  if (fs::leads_out(subpath))
    throw Error(cat("subpath \"", subpath, "\" of ", of, " at ", target,
                    " must be a relative path within it"));
}

MountOp planned(const BindMount& mount) {
  refuse_leading_out(mount.subpath, mount.source, mount.target);
  BindOp op{mount.source,   mount.subpath,   mount.target,
            mount.readonly, mount.recursive, propagation_of(mount.propagation)};
  op.follow_links = mount.follow_links;
  return op;
}

MountOp planned(const TmpfsMount& mount) {
  FilesystemOp op;
  op.type = "tmpfs";
  op.target = mount.target;
  op.follow_links = true;
  op.attributes = (mount.readonly ? readonly : 0) | (mount.noexec ? noexec : 0) |
                  (mount.nosuid ? nosuid : 0) | (mount.nodev ? nodev : 0);
  op.options.push_back(cat("mode=", octal(mount.mode)));
  if (mount.size > 0) op.options.push_back(cat("size=", std::to_string(mount.size)));
  if (mount.uid != 0) op.options.push_back(cat("uid=", std::to_string(mount.uid)));
  if (mount.gid != 0) op.options.push_back(cat("gid=", std::to_string(mount.gid)));
  return op;
}

MountOp planned(const FileMount& mount) {
  return FileOp{mount.target, mount.content, mount.uid, mount.gid, mount.mode};
}

MountOp planned(const ImageMount& mount) {
  refuse_leading_out(mount.subpath, "the image", mount.target);
  return ImageOp{mount.layers, mount.subpath, mount.target};
}

void refuse_special_targets(const std::string& target) {
  std::string path = fs::clean_path(target);
  if (!path.starts_with('/'))
    throw Error(cat("mount target \"", target, "\" must be an absolute path"));
  if (path == "/") throw Error("nothing can be mounted at / of a container");
  if (path == "/proc") throw Error("nothing can be mounted at /proc of a container");
}

void user_mounts(const ContainerSpec& spec, std::vector<MountOp>& plan) {
  for (const auto& mount : spec.mounts) {
    refuse_special_targets(target_of(mount));
    plan.push_back(std::visit([](const auto& held) { return planned(held); }, mount));
  }
}

void masks(const ContainerSpec& spec, const HostFacts& host, std::vector<MountOp>& plan) {
  if (spec.privileged || !spec.masked_paths) return;
  for (const char* path : masked) plan.push_back(MaskOp{path});
  for (const auto& path : host.thermal_throttles) plan.push_back(MaskOp{path});
  for (const char* path : read_only) plan.push_back(ReadonlyOp{path});
}

std::string flags_text(uint64_t attributes) {
  std::string out;
  if ((attributes & readonly) != 0) out += ",ro";
  if ((attributes & nosuid) != 0) out += ",nosuid";
  if ((attributes & nodev) != 0) out += ",nodev";
  if ((attributes & noexec) != 0) out += ",noexec";
  return out.empty() ? "-" : out.substr(1);
}

std::string line(const FilesystemOp& op) {
  std::string out = cat(op.type, " ", op.target, " ", flags_text(op.attributes));
  for (const auto& option : op.options) out += cat(" ", option);
  for (const auto& directory : op.directories) out += cat(" +", directory);
  return out;
}
std::string line(const BindOp& op) {
  const char* kind = op.propagation == MS_SHARED  ? " shared"
                     : op.propagation == MS_SLAVE ? " slave"
                                                  : "";
  return cat(op.recursive ? "rbind " : "bind ", op.target, " <- ", op.source,
             op.subpath.empty() ? "" : cat(" / ", op.subpath), op.readonly ? " ro" : "", kind,
             op.attributes != 0 ? cat(" ", flags_text(op.attributes)) : "");
}
std::string line(const FileOp& op) {
  return cat("file ", op.target, " ", octal(op.mode), " ", std::to_string(op.uid), ":",
             std::to_string(op.gid), " ", std::to_string(op.content.size()), " bytes");
}
std::string line(const ImageOp& op) {
  return cat("image ", op.target, " <- ", std::to_string(op.layers.size()), " layers /",
             op.subpath);
}
std::string line(const DeviceOp& op) {
  return cat("device ", op.target, S_ISBLK(op.mode) ? " b " : " c ", std::to_string(op.major), ":",
             std::to_string(op.minor), " ", octal(op.mode & 07777));
}
std::string line(const LinkOp& op) { return cat("link ", op.path, " -> ", op.target); }
std::string line(const LentOp& op) { return cat(op.target, " of ", op.container); }
std::string line(const MaskOp& op) { return cat("mask ", op.path); }
std::string line(const ReadonlyOp& op) { return cat("read-only ", op.path); }
std::string line(const SysctlOp& op) {
  return cat("sysctl ", op.path, "=", op.value, op.optional ? " (default)" : "");
}

}  // namespace

std::vector<MountOp> mount_plan(const ContainerSpec& spec, const HostFacts& host) {
  std::vector<MountOp> plan;
  base_filesystems(spec, host, plan);
  shared_memory(spec, plan);
  devices(host, plan);
  user_mounts(spec, plan);
  for (auto& sysctl : sysctl_plan(spec)) plan.push_back(std::move(sysctl));
  masks(spec, host, plan);
  return plan;
}

std::string to_text(const std::vector<MountOp>& plan) {
  std::string out;
  for (const auto& op : plan)
    out += cat(std::visit([](const auto& held) { return line(held); }, op), "\n");
  return out;
}

}  // namespace estiba::runtime
