// v2 has no device files: a BPF_PROG_TYPE_CGROUP_DEVICE program decides each open and mknod. It is
// assembled from the same rule texts that v1 takes.
#pragma once
#include <linux/bpf.h>

#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::runtime::cgroup {

/// Allows what a rule ("c 1:3 rwm", "b *:* m", "a *:* rwm") matches whole, refuses the rest. An
/// Error for a rule that is not one.
std::vector<bpf_insn> device_program(const std::vector<std::string>& rules);
UniqueFd load_device_program(const std::vector<bpf_insn>& program);
void attach_device_program(FdRef cgroup, FdRef program);
/// Whether this kernel takes such programs (of us).
bool device_programs_available();

}  // namespace estiba::runtime::cgroup
