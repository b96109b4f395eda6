#include "imgmgr/build/run_mounts.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/copy_tree.hpp"
#include "base/error.hpp"
#include "base/node.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/build/sources.hpp"
#include "imgmgr/overlay_marks.hpp"
#include "imgmgr/resolve_path.hpp"

namespace estiba::img::build {
namespace {

constexpr const char* agent_socket = "/run/buildkit/ssh_agent.0";
constexpr uint32_t secret_mode = 0400;

std::string absolute(const MountContext& context, const std::string& target) {
  return fs::clean_path(fs::join(context.working_dir, target));
}

// A cache begins with these attributes: one that begins otherwise is another.
std::string cache_id(const MountFlag& flag, const std::string& target) {
  auto number = [](std::optional<uint32_t> value) { return value ? std::to_string(*value) : ""; };
  return cat(flag.id.empty() ? target : flag.id, "\n", flag.from, "\n", flag.source, "\n",
             number(flag.uid), ":", number(flag.gid), ":", number(flag.mode));
}

std::string secret_id(const MountFlag& flag) {
  if (!flag.id.empty()) return flag.id;
  if (!flag.target.empty()) return fs::base_name(flag.target);
  throw Error("--mount=type=secret needs an id or a target");
}

std::string bind_key(const MountContext& context, const MountFlag& flag) {
  SourceTree tree = open_source(context.engine, flag.from, context.stage);
  return hash_matches(&tree, tree.find({flag.source.empty() ? "/" : flag.source, {}, false}));
}

// Files of the context that .dockerignore hides must not show through a bind either: a layer of
// whiteouts above it hides them.
std::vector<std::string> hiding_layers(Engine& engine, const SourceTree& tree,
                                       const std::string& directory) {
  auto hidden = tree.hidden();
  if (hidden.empty()) return {directory};
  std::string layer = engine.scratch_dir("hidden");
  for (const auto& path : hidden) {
    fs::make_dirs(fs::parent_path(fs::join(layer, path)), 0755);
    UniqueFd parent = sys::open(fs::parent_path(fs::join(layer, path)), O_RDONLY | O_DIRECTORY);
    make_whiteout(parent, fs::base_name(path));
  }
  return {layer, directory};
}

std::vector<std::string> bind_lower(const MountContext& context, const MountFlag& flag,
                                    const SourceTree& tree) {
  Engine& engine = context.engine;
  if (flag.from.empty()) return hiding_layers(engine, tree, engine.options().context_dir);
  if (auto dir = engine.context_directory(flag.from)) return hiding_layers(engine, tree, *dir);
  return engine.lower(engine.source_state(flag.from, context.stage));
}

void add_bind(const MountContext& context, const MountFlag& flag, PreparedMounts& out) {
  SourceTree tree = open_source(context.engine, flag.from, context.stage);
  std::string source = resolve_in_root(tree.root(), flag.source);
  if (!status_in_root(tree.root(), source))
    throw Error(cat("--mount: \"/", source, "\": not found"));
  OverlayDirs dirs{bind_lower(context, flag, tree), "", ""};
  if (!flag.readonly) {
    // What is written goes nowhere, as the reference has it.
    dirs.upper = context.engine.scratch_dir("bind-upper");
    dirs.work = context.engine.scratch_dir("bind-work");
  }
  std::string place = context.engine.scratch_dir("bind");
  AttachedOverlay whole(dirs, place);
  // What the step binds is a mount of its own: a path into the context would be looked up again, by
  // when a neighbour that writes there may have made a link of it.
  out.overlays.push_back(source.empty() ? std::move(whole)
                                        : whole.part(source, cat(place, "-part")));
  out.mounts.push_back(
      StepBind{out.overlays.back().path(), absolute(context, flag.target), flag.readonly});
}

void fill_cache(const MountContext& context, const MountFlag& flag, const std::string& dir) {
  UniqueFd to = sys::open(dir, O_RDONLY | O_DIRECTORY);
  if (!flag.from.empty()) {
    SourceTree tree = open_source(context.engine, flag.from, context.stage);
    std::string source = resolve_in_root(tree.root(), flag.source);
    copy_tree(directory_in_root(tree.root(), source), to);
  }
  node::set_owner(to, flag.uid.value_or(0), flag.gid.value_or(0), dir);
  node::set_mode(to, flag.mode.value_or(0755), dir);
}

void add_cache(const MountContext& context, const MountFlag& flag, PreparedMounts& out) {
  std::string target = absolute(context, flag.target);
  std::string store = context.engine.store().path();
  std::string base = cat(store, "/build-mounts/", Sha256::of(cache_id(flag, target)));
  fs::make_dirs(base, 0700);
  auto mode = flag.sharing == "locked" ? fs::FileLock::Mode::exclusive : fs::FileLock::Mode::shared;
  std::string dir = fs::join(base, "data");
  if (flag.sharing == "private") {
    dir = context.engine.scratch_dir("private-cache");
    fill_cache(context, flag, dir);
  } else {
    auto making = fs::FileLock::acquire(fs::join(base, "making"), fs::FileLock::Mode::exclusive);
    if (!fs::exists(dir)) {
      fs::make_dirs(dir, 0755);
      fill_cache(context, flag, dir);
    }
  }
  out.locks.push_back(fs::FileLock::acquire(fs::join(base, "lock"), mode));
  out.mounts.push_back(StepBind{dir, target, flag.readonly});
}

void add_secret(const MountContext& context, const MountFlag& flag, PreparedMounts& out) {
  std::string id = secret_id(flag);
  const auto& secrets = context.engine.options().secrets;
  auto secret = secrets.find(id);
  if (secret == secrets.end()) {
    if (flag.required) throw Error(cat("secret ", id, ": not found"));
    return;
  }
  std::string content =
      secret->second.content ? *secret->second.content : fs::read_all(secret->second.file);
  if (!flag.env.empty()) out.env.push_back(cat(flag.env, "=", content));
  if (!flag.env.empty() && flag.target.empty()) return;
  std::string target = flag.target.empty() ? cat("/run/secrets/", id) : flag.target;
  out.mounts.push_back(StepFile{absolute(context, target), content, flag.uid.value_or(0),
                                flag.gid.value_or(0), flag.mode.value_or(secret_mode)});
}

void add_ssh(const MountContext& context, const MountFlag& flag, PreparedMounts& out) {
  std::string id = flag.id.empty() ? "default" : flag.id;
  const auto& agents = context.engine.options().ssh;
  auto agent = agents.find(id);
  if (agent == agents.end()) {
    if (flag.required) throw Error(cat("ssh agent ", id, ": not given"));
    return;
  }
  std::string target = flag.target.empty() ? agent_socket : absolute(context, flag.target);
  out.env.push_back(cat("SSH_AUTH_SOCK=", target));
  out.mounts.push_back(StepBind{agent->second, target, false});
}

// The command may have put something else there, or on the way there: that stays.
void remove_stub(FdRef root, const std::string& path) {
  try {
    size_t slash = path.rfind('/');
    UniqueFd parent =
        directory_in_root(root, slash == std::string::npos ? "" : path.substr(0, slash));
    std::string name = path.substr(slash + 1);
    auto held = node::find(parent, name);
    if (!held) return;
    struct stat status = sys::fstat(*held);
    bool is_directory = S_ISDIR(status.st_mode);
    bool is_stub = is_directory ? node::names_in(*held, path).empty()
                                : S_ISREG(status.st_mode) && status.st_size == 0;
    if (is_stub) fs::remove_entry(parent, name, path);
  } catch (const Error& error) {
    if (error.code() != ENOENT && error.code() != ENOTDIR && error.code() != ELOOP) throw;
  }
}

}  // namespace

std::string mounts_key(const MountContext& context, const std::vector<MountFlag>& flags) {
  std::string out;
  for (const auto& flag : flags) {
    out += cat("\nmount ", flag.type, " ", flag.target, " ", flag.id, " ", flag.env,
               flag.readonly ? " ro" : " rw");
    if (flag.type == "bind") out += cat(" ", bind_key(context, flag));
  }
  return out;
}

PreparedMounts prepare_mounts(const MountContext& context, const std::vector<MountFlag>& flags) {
  PreparedMounts out;
  for (const auto& flag : flags) {
    if (flag.type == "bind") {
      add_bind(context, flag, out);
    } else if (flag.type == "cache") {
      add_cache(context, flag, out);
    } else if (flag.type == "secret") {
      add_secret(context, flag, out);
    } else if (flag.type == "ssh") {
      add_ssh(context, flag, out);
    } else {
      out.mounts.push_back(StepTmpfs{absolute(context, flag.target), flag.size});
    }
  }
  return out;
}

std::vector<std::string> mount_targets(const std::vector<StepMount>& mounts) {
  std::vector<std::string> out;
  for (const auto& mount : mounts)
    out.push_back(std::visit([](const auto& one) { return one.target; }, mount));
  return out;
}

MountStubs::MountStubs(const std::vector<std::string>& lower,
                       const std::vector<std::string>& targets) {
  UniqueFd root = overlay_view(lower);
  std::vector<std::string> all = {"/proc",      "/sys",         "/dev", "/etc/resolv.conf",
                                  "/etc/hosts", "/etc/hostname"};
  all.insert(all.end(), targets.begin(), targets.end());
  for (const auto& target : all) {
    std::string path = resolve_in_root(root, target);
    while (!path.empty() && !status_in_root(root, path)) {
      missing_.push_back(path);
      size_t slash = path.rfind('/');
      path = slash == std::string::npos ? "" : path.substr(0, slash);
    }
  }
  std::sort(missing_.begin(), missing_.end(), std::greater<>());
}

void MountStubs::remove_from(const std::string& upper) const {
  UniqueFd root = sys::open(upper, O_RDONLY | O_DIRECTORY);
  for (const auto& path : missing_) remove_stub(root, path);
}

}  // namespace estiba::img::build
