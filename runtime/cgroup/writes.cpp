// Limits as the files of both cgroup versions take them. Docs: admin-guide/cgroup-v2.rst and
// admin-guide/cgroup-v1/*; the conversions between the versions are those OCI runtimes agree on.
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "runtime/cgroup/driver.hpp"

namespace estiba::runtime::cgroup {
namespace {

std::string limit_or_max(int64_t value) { return value < 0 ? "max" : std::to_string(value); }

// With a memory limit and nothing said of swap, Docker allows as much swap again.
int64_t memory_and_swap(const Resources& r) {
  return r.memory > 0 && r.memory_swap == 0 ? r.memory * 2 : r.memory_swap;
}

// cpu.shares has 2..262144 with 1024 as its middle, cpu.weight 1..10000 with 100.
uint64_t weight_of_shares(uint64_t shares) {
  shares = std::clamp<uint64_t>(shares, 2, 262144);
  return 1 + (shares - 2) * 9999 / 262142;
}

// blkio.weight has 10..1000, io.weight 1..10000.
uint64_t io_weight(uint64_t blkio_weight) {
  blkio_weight = std::clamp<uint64_t>(blkio_weight, 10, 1000);
  return 1 + (blkio_weight - 10) * 9999 / 990;
}

constexpr int64_t default_period = 100'000;

void memory_v2(const Resources& r, std::vector<Write>& writes) {
  if (r.memory != 0) writes.push_back({"memory.max", limit_or_max(r.memory)});
  int64_t both = memory_and_swap(r);
  if (both != 0 && r.memory > 0) {
    int64_t swap = both < 0 ? -1 : std::max<int64_t>(both - r.memory, 0);
    writes.push_back({"memory.swap.max", limit_or_max(swap), true});
  }
  if (r.memory_reservation > 0)
    writes.push_back({"memory.low", std::to_string(r.memory_reservation)});
}

void cpu_v2(const Resources& r, std::vector<Write>& writes) {
  if (r.cpu_shares != 0)
    writes.push_back({"cpu.weight", std::to_string(weight_of_shares(r.cpu_shares))});
  if (r.cpu_quota != 0 || r.cpu_period != 0) {
    int64_t period = r.cpu_period != 0 ? r.cpu_period : default_period;
    std::string quota = r.cpu_quota > 0 ? std::to_string(r.cpu_quota) : "max";
    writes.push_back({"cpu.max", cat(quota, " ", std::to_string(period))});
  }
}

// A limit below the other's present value is refused, so memory comes before memory+swap when both
// start from unlimited.
std::vector<Write> memory_v1(const Resources& r) {
  std::vector<Write> writes;
  if (r.memory != 0) writes.push_back({"memory.limit_in_bytes", std::to_string(r.memory)});
  if (int64_t both = memory_and_swap(r); both != 0)
    writes.push_back({"memory.memsw.limit_in_bytes", std::to_string(both), true});
  if (r.memory_reservation > 0)
    writes.push_back({"memory.soft_limit_in_bytes", std::to_string(r.memory_reservation)});
  if (r.memory_swappiness)
    writes.push_back({"memory.swappiness", std::to_string(*r.memory_swappiness)});
  if (r.oom_kill_disable) writes.push_back({"memory.oom_control", "1"});
  return writes;
}

std::vector<Write> cpu_v1(const Resources& r) {
  std::vector<Write> writes;
  if (r.cpu_shares != 0) writes.push_back({"cpu.shares", std::to_string(r.cpu_shares)});
  if (r.cpu_period != 0) writes.push_back({"cpu.cfs_period_us", std::to_string(r.cpu_period)});
  if (r.cpu_quota != 0) writes.push_back({"cpu.cfs_quota_us", std::to_string(r.cpu_quota)});
  if (r.cpu_rt_period != 0) writes.push_back({"cpu.rt_period_us", std::to_string(r.cpu_rt_period)});
  if (r.cpu_rt_runtime != 0)
    writes.push_back({"cpu.rt_runtime_us", std::to_string(r.cpu_rt_runtime)});
  return writes;
}

std::vector<Write> devices_v1(const Resources& r) {
  std::vector<Write> writes{{"devices.deny", "a"}};
  for (const auto& rule : device_rules(r)) writes.push_back({"devices.allow", rule});
  return writes;
}

}  // namespace

std::vector<Write> v2_writes(const Resources& r) {
  std::vector<Write> writes;
  memory_v2(r, writes);
  cpu_v2(r, writes);
  if (!r.cpuset_cpus.empty()) writes.push_back({"cpuset.cpus", r.cpuset_cpus});
  if (r.pids != 0) writes.push_back({"pids.max", limit_or_max(r.pids)});
  if (r.blkio_weight != 0)
    writes.push_back(
        {"io.weight", cat("default ", std::to_string(io_weight(r.blkio_weight))), true});
  return writes;
}

std::vector<Write> v1_writes(const Resources& r, const std::string& controller) {
  if (controller == "memory") return memory_v1(r);
  if (controller == "cpu") return cpu_v1(r);
  if (controller == "devices") return devices_v1(r);
  if (controller == "pids" && r.pids != 0) return {{"pids.max", limit_or_max(r.pids)}};
  if (controller == "cpuset" && !r.cpuset_cpus.empty()) return {{"cpuset.cpus", r.cpuset_cpus}};
  if (controller == "blkio" && r.blkio_weight != 0) {
    // Which file there is depends on the scheduler: CFQ's, gone since Linux 5.0, or BFQ's.
    std::string weight = std::to_string(r.blkio_weight);
    return {{"blkio.weight", weight, true}, {"blkio.bfq.weight", weight, true}};
  }
  return {};
}

// Any node may be made, only these be opened: null zero full random urandom, tty ptmx, and the
// container's own pty slaves, one of which is its console: 5:1 would be the host's.
std::vector<std::string> device_rules(const Resources& resources) {
  if (resources.all_devices) return {"a *:* rwm"};
  std::vector<std::string> rules{"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",
                                 "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};
  rules.insert(rules.end(), resources.device_rules.begin(), resources.device_rules.end());
  return rules;
}

MountOp view_of(std::string directory, std::string target, bool readonly) {
  BindOp view{std::move(directory), "", std::move(target), readonly, true, MS_PRIVATE};
  view.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  return view;
}

std::string cgroup_name(const std::string& parent, const std::string& id) {
  std::string base = parent.empty() ? common_parent : parent;
  for (const auto& part : text::split(base, '/'))
    if (part == "..")
      throw Error(cat("the cgroup parent \"", parent, "\" must not contain \"..\""));
  std::string cleaned = fs::clean_path(cat("/", base)).substr(1);
  if (cleaned.empty()) return id;
  return cat(cleaned, "/", id);
}

}  // namespace estiba::runtime::cgroup
