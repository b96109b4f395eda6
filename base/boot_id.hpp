// Names this start of the machine: what was true of processes, mounts and unwritten pages under
// another name is true no more (random(4), /proc/sys/kernel/random/boot_id).
#pragma once
#include <string>

namespace estiba {

const std::string& boot_id();

}  // namespace estiba
