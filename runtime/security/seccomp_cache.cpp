#include "runtime/security/seccomp_cache.hpp"

#include "runtime/security/seccomp.hpp"

namespace estiba::runtime::seccomp {

const std::string& Cache::get(SeccompMode mode, const std::string& profile, uint64_t capabilities) {
  static const std::string none;
  if (mode == SeccompMode::unconfined) return none;
  auto [entry, fresh] = programs_.try_emplace({mode, profile, capabilities});
  if (fresh)
    entry->second = compile(mode == SeccompMode::custom ? parse_profile(profile, capabilities)
                                                        : default_profile(capabilities));
  return entry->second;
}

}  // namespace estiba::runtime::seccomp
