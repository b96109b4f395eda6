// Seccomp filters in Docker's terms: a profile is a default action and rules on system calls by
// name; it is compiled to classic BPF for the machine's architectures. libseccomp is asked for the
// system calls' numbers only; the program is ours, so that lookups are a binary search and numbers
// newer than the profile get ENOSYS, upon which libraries fall back.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::runtime::seccomp {

enum class Compare { ne, lt, le, eq, ge, gt, masked_eq };
struct Condition {
  unsigned index = 0;
  uint64_t value = 0;
  /// With masked_eq: (argument & value) == value_two.
  uint64_t value_two = 0;
  Compare compare = Compare::eq;
};

struct Rule {
  std::vector<std::string> names;
  uint32_t action = 0;  ///< SECCOMP_RET_* with its data
  /// All must hold; but conditions on one and the same argument are alternatives, as in runc.
  std::vector<Condition> conditions;
};

struct Profile {
  uint32_t default_action = 0;
  /// Architectures besides the machine's own, as libseccomp names them ("x86", "x32", "arm").
  std::vector<std::string> sub_architectures;
  std::vector<Rule> rules;
};

/// Docker's default profile for processes with these capabilities.
Profile default_profile(uint64_t capabilities);
/// Docker-format JSON; what its includes and excludes say depends on the capabilities.
Profile parse_profile(std::string_view json, uint64_t capabilities);
/// An array of sock_filter.
std::string compile(const Profile& profile);

}  // namespace estiba::runtime::seccomp
