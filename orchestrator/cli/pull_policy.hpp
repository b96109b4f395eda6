// When an image is fetched anew, by Compose's pull_policy. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace estiba::orchestrator {

/// What the store has under an image's name.
struct LocalImage {
  bool present = false;
  std::optional<WallTime> pulled;  ///< when a registry was last asked; nothing: never
};

/// daily, weekly, every_DURATION ("every_12h", "every_1d", "every_2w"): how old an answer may be.
/// Nothing for the other policies. An Error if the duration is none.
std::optional<std::chrono::nanoseconds> refresh_interval(const std::string& policy);

/// What `up` does before it starts a service whose image may be `built` as well. An empty policy
/// means missing, except that what can be built is then built.
enum class Origin { registry_only, built };
bool must_pull(const std::string& policy, Origin origin, const LocalImage& image, WallTime now);

}  // namespace estiba::orchestrator
