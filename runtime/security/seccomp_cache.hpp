// Compiled filters, one for each profile and capability set.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "runtime/container_spec.hpp"

namespace estiba::runtime::seccomp {

class Cache {
 public:
  /// Empty for unconfined.
  const std::string& get(SeccompMode mode, const std::string& profile, uint64_t capabilities);

 private:
  std::map<std::tuple<SeccompMode, std::string, uint64_t>, std::string> programs_;
};

}  // namespace estiba::runtime::seccomp
