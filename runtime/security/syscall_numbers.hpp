// System call numbers by name for one architecture.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace estiba::runtime::seccomp {

struct Architecture {
  uint32_t token = 0;  ///< libseccomp's
  uint32_t audit = 0;  ///< what seccomp_data.arch holds (AUDIT_ARCH_*)
};

Architecture native_architecture();
/// "x86", "SCMP_ARCH_X86" ...; nothing if unknown.
std::optional<Architecture> find_architecture(const std::string& name);
/// x32 shares x86_64's AUDIT_ARCH and is told apart by a bit of the number.
bool is_x32(const Architecture& architecture);
constexpr uint32_t x32_bit = 0x40000000;

/// Nothing if the architecture has no such call. x32's come without their bit.
std::optional<uint32_t> syscall_number(const Architecture& architecture, const std::string& name);

}  // namespace estiba::runtime::seccomp
