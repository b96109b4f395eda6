#include "runtime/security/syscall_numbers.hpp"

#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace estiba::runtime::seccomp {
namespace {

struct Number {
  std::string_view name;
  uint32_t number;
};

// Newer than Debian 12's libseccomp; since 424 all architectures share their numbers.
constexpr std::array recent{
    Number{"futex_waitv", 449},       Number{"set_mempolicy_home_node", 450},
    Number{"cachestat", 451},         Number{"fchmodat2", 452},
    Number{"map_shadow_stack", 453},  Number{"futex_wake", 454},
    Number{"futex_wait", 455},        Number{"futex_requeue", 456},
    Number{"statmount", 457},         Number{"listmount", 458},
    Number{"lsm_get_self_attr", 459}, Number{"lsm_set_self_attr", 460},
    Number{"lsm_list_modules", 461},  Number{"mseal", 462},
    Number{"setxattrat", 463},        Number{"getxattrat", 464},
    Number{"listxattrat", 465},       Number{"removexattrat", 466},
    Number{"open_tree_attr", 467},    Number{"file_getattr", 468},
    Number{"file_setattr", 469},      Number{"listns", 470}};

// i386 has these beside socketcall(2) and ipc(2), which libseccomp answers with; most since
// Linux 4.3.
constexpr std::array direct_i386{
    Number{"recvmmsg", 337},   Number{"sendmmsg", 345},    Number{"socket", 359},
    Number{"socketpair", 360}, Number{"bind", 361},        Number{"connect", 362},
    Number{"listen", 363},     Number{"accept4", 364},     Number{"getsockopt", 365},
    Number{"setsockopt", 366}, Number{"getsockname", 367}, Number{"getpeername", 368},
    Number{"sendto", 369},     Number{"sendmsg", 370},     Number{"recvfrom", 371},
    Number{"recvmsg", 372},    Number{"shutdown", 373},    Number{"semget", 393},
    Number{"semctl", 394},     Number{"shmget", 395},      Number{"shmctl", 396},
    Number{"shmat", 397},      Number{"shmdt", 398},       Number{"msgget", 399},
    Number{"msgsnd", 400},     Number{"msgrcv", 401},      Number{"msgctl", 402}};

template <size_t N>
std::optional<uint32_t> look_up(const std::array<Number, N>& table, std::string_view name) {
  auto found = std::find_if(table.begin(), table.end(),
                            [&](const Number& entry) { return entry.name == name; });
  if (found == table.end()) return std::nullopt;
  return found->number;
}

}  // namespace

Architecture native_architecture() {
  uint32_t token = seccomp_arch_native();
  return {token, token};
}

std::optional<Architecture> find_architecture(const std::string& name) {
  std::string plain = text::lower(name);
  if (plain.starts_with("scmp_arch_")) plain.erase(0, 10);
  uint32_t token = seccomp_arch_resolve_name(plain.c_str());
  if (token == 0) return std::nullopt;
  return Architecture{token, token == SCMP_ARCH_X32 ? uint32_t{AUDIT_ARCH_X86_64} : token};
}

bool is_x32(const Architecture& architecture) { return architecture.token == SCMP_ARCH_X32; }

std::optional<uint32_t> syscall_number(const Architecture& architecture, const std::string& name) {
  int number = seccomp_syscall_resolve_name_arch(architecture.token, name.c_str());
  if (number >= 0) return static_cast<uint32_t>(number) & ~x32_bit;
  if (architecture.token == SCMP_ARCH_X86)
    if (auto direct = look_up(direct_i386, name)) return direct;
  constexpr uint32_t uretprobe_number = 335;
  if (name == "uretprobe" && architecture.token == SCMP_ARCH_X86_64) return uretprobe_number;
  return look_up(recent, name);
}

}  // namespace estiba::runtime::seccomp
