#include "netmgr/options.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace estiba::net {

std::optional<bool> flag_of(const NetworkSpec& spec, const std::string& option) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
  auto found = spec.driver_opts.find(option);
  if (found == spec.driver_opts.end()) return std::nullopt;
  auto is_one_of = [&](const auto& words) {
    return std::find(words.begin(), words.end(), found->second) != words.end();
  };
  if (is_one_of(yes)) return true;
  if (is_one_of(no)) return false;
  throw Error(cat("network ", spec.name, ": the driver option ", option, " is \"", found->second,
                  "\"; write \"true\" or \"false\""));
}

}  // namespace estiba::net
