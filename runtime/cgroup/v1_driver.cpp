#include "runtime/cgroup/v1_driver.hpp"

#include <linux/mount.h>
#include <signal.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::runtime::cgroup {
namespace {

// A cpuset without cpus and memory nodes takes no process: what the parent has is handed down.
void inherit_cpuset(const std::string& directory) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    std::string path = cat(directory, "/", file);
    if (!text::trim(fs::read_all(path)).empty()) continue;
    std::string above = fs::read_all(cat(fs::parent_path(directory), "/", file));
    write_file(path, std::string(text::trim(above)));
  }
}

}  // namespace

V1Driver::V1Driver(std::string root, std::vector<std::string> controllers,
                   std::optional<UnifiedTree> unified, bool device_programs)
    : root_(std::move(root)),
      controllers_(std::move(controllers)),
      unified_(std::move(unified)),
      device_programs_(unified_.has_value() && device_programs) {}

bool V1Driver::has(const std::string& controller) const {
  return std::find(controllers_.begin(), controllers_.end(), controller) != controllers_.end();
}

std::string V1Driver::directory(const std::string& controller, const std::string& name) const {
  return cat(root_, "/", controller, "/", name);
}

bool V1Driver::needed(const std::string& controller, const Resources& resources) const {
  if (controller == "devices") return !device_programs_;
  if (controller == "freezer") return !unified_;
  if (controller == "cpuset") return !resources.cpuset_cpus.empty();
  if (controller == "blkio") return resources.blkio_weight != 0;
  return true;
}

void V1Driver::make(const std::string& controller, const std::string& name) const {
  make_parents(cat(root_, "/", controller), name);
  fs::make_dirs(directory(controller, name), 0755);
  if (controller != "cpuset") return;
  std::string level = cat(root_, "/", controller);
  for (const auto& part : text::split(name, '/')) {
    level = cat(level, "/", part);
    inherit_cpuset(level);
  }
}

CgroupSetup V1Driver::create(const std::string& name, const Resources& resources) {
  if (!device_programs_ && !has("devices"))
    throw Error("no device filter: neither BPF device programs nor the v1 devices controller work");
  if (unified_) unified_->create(name, device_programs_ ? std::optional(resources) : std::nullopt);
  for (const auto& controller : controllers_) {
    if (!needed(controller, resources)) continue;
    make(controller, name);
    apply_writes(directory(controller, name), v1_writes(resources, controller));
  }
  return setup(name);
}

CgroupSetup V1Driver::setup(const std::string& name) const {
  CgroupSetup setup;
  setup.name = name;
  for (const auto& controller : controllers_)
    if (fs::exists(directory(controller, name))) setup.join.push_back(directory(controller, name));
  if (unified_ && unified_->exists(name)) setup.into = unified_->directory(name);
  if (has("memory")) {
    setup.oom_file = cat(directory("memory", name), "/memory.oom_control");
    setup.oom_baseline = read_key(setup.oom_file, "oom_kill");
  }
  return setup;
}

// One directory a controller, as on the host, each showing the container's own cgroup.
std::vector<MountOp> V1Driver::mounts(const std::string& name, bool readonly) const {
  std::vector<MountOp> mounts;
  FilesystemOp top{"tmpfs",
                   "/sys/fs/cgroup",
                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
                   {"mode=755"}};
  for (const auto& controller : controllers_) {
    if (!fs::exists(directory(controller, name))) continue;
    top.directories.push_back(controller);
    mounts.push_back(
        view_of(directory(controller, name), cat("/sys/fs/cgroup/", controller), readonly));
  }
  mounts.insert(mounts.begin(), std::move(top));
  return mounts;
}

void V1Driver::kill_all(const std::string& name) {
  if (unified_ && unified_->exists(name)) return unified_->kill_all(name);
  // Frozen processes fork no further; a few passes catch those that were forking.
  constexpr int passes = 10;
  std::string any = directory(has("freezer") ? "freezer" : controllers_.front(), name);
  if (!fs::exists(any)) return;
  set_frozen(name, State::frozen);
  for (int pass = 0; pass < passes; ++pass) {
    auto pids = processes_in(any);
    if (pids.empty()) break;
    for (pid_t pid : pids) sys::kill(pid, SIGKILL);
  }
  set_frozen(name, State::thawed);
}

void V1Driver::set_frozen(const std::string& name, State state) {
  if (unified_ && unified_->exists(name)) return unified_->set_frozen(name, state);
  std::string file = cat(directory("freezer", name), "/freezer.state");
  std::string wanted = state == State::frozen ? "FROZEN" : "THAWED";
  // FREEZING may last while a process forks; writing again helps it on.
  constexpr int most_tries = 500;
  for (int tries = 0; tries < most_tries; ++tries) {
    write_file(file, wanted);
    if (text::trim(fs::read_all(file)) == wanted) return;
    timespec span{0, 1'000'000};
    ::nanosleep(&span, nullptr);
  }
  throw Error(cat("the processes of cgroup ", name, " cannot be frozen"));
}

Driver::State V1Driver::state(const std::string& name) const {
  if (unified_ && unified_->exists(name)) return unified_->state(name);
  auto content = fs::read_if_exists(cat(directory("freezer", name), "/freezer.state"));
  return content && text::trim(*content) != "THAWED" ? State::frozen : State::thawed;
}

Stats V1Driver::stats(const std::string& name) const {
  Stats stats;
  std::string memory = directory("memory", name);
  uint64_t used = read_number(cat(memory, "/memory.usage_in_bytes"));
  uint64_t cache = read_key(cat(memory, "/memory.stat"), "total_inactive_file");
  stats.memory_bytes = used > cache ? used - cache : used;
  // "Unlimited" is the largest page-aligned number.
  constexpr uint64_t unlimited = uint64_t{1} << 62;
  uint64_t limit = read_number(cat(memory, "/memory.limit_in_bytes"));
  stats.memory_limit = limit >= unlimited ? 0 : limit;
  stats.cpu_nanoseconds = read_number(cat(directory("cpuacct", name), "/cpuacct.usage"));
  stats.pids = read_number(cat(directory("pids", name), "/pids.current"));
  return stats;
}

void V1Driver::remove(const std::string& name) {
  for (const auto& controller : controllers_) {
    remove_directory(directory(controller, name));
    remove_parents(cat(root_, "/", controller), name);
  }
  if (unified_) unified_->remove(name);
}

void V1Driver::release() {
  for (const auto& controller : controllers_) ::rmdir(directory(controller, common_parent).c_str());
  if (unified_) unified_->release();
}

}  // namespace estiba::runtime::cgroup
