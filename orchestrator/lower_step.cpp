#include "orchestrator/lower_step.hpp"

#include <map>

#include "base/error.hpp"
#include "runtime/containers.hpp"

namespace estiba::orchestrator {
namespace {

using namespace img::build;

// One name for every step, the one that Docker's builder gives: what a command records of it must
// not differ from build to build.
constexpr const char* step_hostname = "buildkitsandbox";
constexpr int64_t step_pids = 16384;

runtime::Mount lowered(const StepBind& bind) {
  return runtime::BindMount{bind.source, bind.target, bind.readonly, true, "rprivate"};
}

runtime::Mount lowered(const StepTmpfs& tmpfs) {
  runtime::TmpfsMount mount;
  mount.target = tmpfs.target;
  mount.size = tmpfs.size;
  // Builds unpack and run things there.
  mount.noexec = false;
  return mount;
}

runtime::Mount lowered(const StepFile& file) {
  return runtime::FileMount{file.target, file.content, file.uid, file.gid, file.mode};
}

// A container's, whatever the shell has that builds: its limits must not leak in.
std::vector<runtime::Rlimit> limits_of(const StepRequest& request) {
  auto value = [](int64_t limit) { return limit < 0 ? UINT64_MAX : static_cast<uint64_t>(limit); };
  std::map<std::string, runtime::Rlimit> limits{{"nofile", {"nofile", 1024, 524288}},
                                                {"core", {"core", 0, UINT64_MAX}}};
  for (const StepLimit& limit : request.limits)
    limits[limit.name] = {limit.name, value(limit.soft), value(limit.hard)};
  std::vector<runtime::Rlimit> out;
  for (auto& [name, limit] : limits) out.push_back(limit);
  return out;
}

void make_privileged(runtime::ContainerSpec& spec) {
  spec.privileged = true;
  spec.process.capabilities = runtime::all_capabilities();
  spec.seccomp = runtime::SeccompMode::unconfined;
  spec.masked_paths = false;
  spec.resources.all_devices = true;
}

}  // namespace

runtime::ContainerSpec lower_step(const StepRequest& request,
                                  const StepSurroundings& surroundings) {
  runtime::ContainerSpec spec;
  spec.id = surroundings.id;
  spec.hostname = step_hostname;
  spec.hostname_in_env = false;
  spec.process.args = request.argv;
  spec.process.env = request.env;
  spec.process.cwd = request.cwd;
  spec.process.user = request.user;
  spec.process.capabilities = runtime::default_capabilities & runtime::all_capabilities();
  spec.root = {request.lower, request.upper, request.work, false, true};
  for (const char* name : {"hosts", "resolv.conf"})
    spec.mounts.push_back(runtime::BindMount{cat(surroundings.directory, "/", name),
                                             cat("/etc/", name), true, false, "rprivate"});
  for (const StepMount& mount : request.mounts)
    spec.mounts.push_back(std::visit([](const auto& one) { return lowered(one); }, mount));
  spec.namespaces.network = surroundings.network;
  spec.resources.pids = step_pids;
  if (request.shm_size > 0) spec.shm_size = request.shm_size;
  spec.resources.memory = request.memory;
  spec.process.rlimits = limits_of(request);
  if (request.privileged) make_privileged(spec);
  return spec;
}

}  // namespace estiba::orchestrator
