// When a request is made again, and after how long. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace estiba::img {

/// The longest a registry may make us wait; what asks for more has failed.
constexpr std::chrono::seconds max_retry_wait{60};
constexpr int max_attempts = 5;

/// Retry-After (RFC 9110, 10.2.3): seconds, or a date.
std::optional<std::chrono::milliseconds> parse_retry_after(const std::string& value, WallTime now);

/// The wait before another try of what failed the `attempt`-th time (from 1): `asked`, or twice as
/// long each time. `jitter` is within [0, 1). Nothing: it has failed for good.
std::optional<std::chrono::milliseconds> retry_wait(int attempt,
                                                    std::optional<std::chrono::milliseconds> asked,
                                                    double jitter);

/// An answer that may be another one soon: 429 and those that tell of trouble at the other end.
bool is_passing(long status);

}  // namespace estiba::img
