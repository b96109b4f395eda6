// What the keeper is asked to start, computed whole by the server: after this nothing is decided,
// only done. A mount plan is a list of MountOps, applied in order beneath the container's root.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace estiba::runtime {

/// A filesystem of the container's own (proc, tmpfs ...); options without "=" are flags. A user's
/// target may be a symlink, the runtime's own (/proc, /dev ...) must not be.
struct FilesystemOp {
  std::string type, target;
  uint64_t attributes = 0;  ///< MOUNT_ATTR_*
  std::vector<std::string> options = {};
  std::vector<std::string> directories = {};  ///< made in it before it becomes read-only
  bool follow_links = false;
};
struct BindOp {
  std::string source, subpath, target;  ///< the subpath is resolved beneath the source
  bool readonly = false, recursive = true;
  uint64_t propagation = 0;  ///< MS_PRIVATE, MS_SLAVE or MS_SHARED
  uint64_t attributes = 0;   ///< MOUNT_ATTR_* but for the one that `readonly` stands for
  bool follow_links = true;  ///< on the way to the source
};
struct FileOp {
  std::string target, content;
  uint32_t uid = 0, gid = 0, mode = 0;
};
struct DeviceOp {
  std::string target;
  uint32_t mode = 0;  ///< with S_IFCHR or S_IFBLK
  uint32_t major = 0, minor = 0, uid = 0, gid = 0;
};
struct LinkOp {
  std::string path, target;
};
/// The other container's own mount at the same place: /dev/shm of one whose ipc namespace is
/// joined, /proc of one whose pid namespace is.
struct LentOp {
  std::string container, target;
};
/// Hides a path if it exists: a file behind /dev/null, a directory behind an empty one.
struct MaskOp {
  std::string path;
};
struct ReadonlyOp {
  std::string path;
};
/// Written through the container's own procfs, before /proc/sys becomes read-only.
struct SysctlOp {
  std::string path, value;  ///< "net/ipv4/ip_forward", "1"
  bool optional = false;    ///< a default: kernels without it are fine
};
/// An image's layers, topmost first, read-only; or what is at the subpath in them.
struct ImageOp {
  std::vector<std::string> layers;
  std::string subpath, target;
};
using MountOp = std::variant<FilesystemOp, BindOp, FileOp, DeviceOp, LinkOp, LentOp, MaskOp,
                             ReadonlyOp, SysctlOp, ImageOp>;

struct RootSetup {
  std::vector<std::string> lower;  ///< topmost first
  std::string upper, work;
  bool readonly = false;
  bool self_contained = false;
};

enum class NamespaceMode : uint8_t { create, host, container, path };
struct NamespaceSetup {
  NamespaceMode mode = NamespaceMode::create;
  std::string target;  ///< container id or path
};

struct RlimitSetup {
  int resource = 0;
  uint64_t soft = 0, hard = 0;
};

/// What the main process and an exec'd one have in common.
struct ProcessSetup {
  std::vector<std::string> args, env;
  std::string cwd, user;
  std::vector<std::string> groups;
  uint64_t capabilities = 0;
  std::vector<RlimitSetup> rlimits;
  int32_t oom_score_adj = 0;
  bool no_new_privileges = false, terminal = false;
  std::string seccomp;  ///< an array of sock_filter; empty: none
};

/// The cgroups to join, and where OOM kills are counted.
struct CgroupSetup {
  std::string name;               ///< "estiba/ID", the same in every hierarchy
  std::vector<std::string> join;  ///< directories whose cgroup.procs is written
  std::string into;               ///< the v2 directory for CLONE_INTO_CGROUP; empty: none
  std::string oom_file;           ///< has a line "oom_kill N"; empty: none
  uint64_t oom_baseline = 0;
};

struct LaunchRequest {
  std::string id;
  ProcessSetup process;
  bool stdin_open = false, init = false;
  NamespaceSetup network, ipc, pid, uts, cgroup_namespace;
  CgroupSetup cgroup;
  RootSetup root;
  std::vector<MountOp> mounts;
  std::string hostname, domainname;
};

struct ExecRequest {
  std::string exec_id, container;
  ProcessSetup process;
  CgroupSetup cgroup;
};

template <typename A>
void visit(A& a, FilesystemOp& v) {
  a(v.type, v.target, v.attributes, v.options, v.directories, v.follow_links);
}
template <typename A>
void visit(A& a, BindOp& v) {
  a(v.source, v.subpath, v.target, v.readonly, v.recursive, v.propagation, v.attributes,
    v.follow_links);
}
template <typename A>
void visit(A& a, FileOp& v) {
  a(v.target, v.content, v.uid, v.gid, v.mode);
}
template <typename A>
void visit(A& a, DeviceOp& v) {
  a(v.target, v.mode, v.major, v.minor, v.uid, v.gid);
}
template <typename A>
void visit(A& a, LinkOp& v) {
  a(v.path, v.target);
}
template <typename A>
void visit(A& a, LentOp& v) {
  a(v.container, v.target);
}
template <typename A>
void visit(A& a, MaskOp& v) {
  a(v.path);
}
template <typename A>
void visit(A& a, ReadonlyOp& v) {
  a(v.path);
}
template <typename A>
void visit(A& a, SysctlOp& v) {
  a(v.path, v.value, v.optional);
}
template <typename A>
void visit(A& a, ImageOp& v) {
  a(v.layers, v.subpath, v.target);
}
template <typename A>
void visit(A& a, RootSetup& v) {
  a(v.lower, v.upper, v.work, v.readonly, v.self_contained);
}
template <typename A>
void visit(A& a, NamespaceSetup& v) {
  a(v.mode, v.target);
}
template <typename A>
void visit(A& a, RlimitSetup& v) {
  a(v.resource, v.soft, v.hard);
}
template <typename A>
void visit(A& a, ProcessSetup& v) {
  a(v.args, v.env, v.cwd, v.user, v.groups, v.capabilities, v.rlimits, v.oom_score_adj,
    v.no_new_privileges, v.terminal, v.seccomp);
}
template <typename A>
void visit(A& a, CgroupSetup& v) {
  a(v.name, v.join, v.into, v.oom_file, v.oom_baseline);
}
template <typename A>
void visit(A& a, LaunchRequest& v) {
  a(v.id, v.process, v.stdin_open, v.init, v.network, v.ipc, v.pid, v.uts, v.cgroup_namespace,
    v.cgroup, v.root, v.mounts, v.hostname, v.domainname);
}
template <typename A>
void visit(A& a, ExecRequest& v) {
  a(v.exec_id, v.container, v.process, v.cgroup);
}

}  // namespace estiba::runtime
