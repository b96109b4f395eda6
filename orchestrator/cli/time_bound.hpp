// --since and --until: a moment or an age, as text that log records can be compared with.
#pragma once
#include <string>

#include "base/clock.hpp"

namespace estiba::orchestrator {

/// RFC 3339 (also a date alone, or without a zone: UTC), seconds since 1970, or an age ("42m").
/// The result has nine digits and Z. An Error names the flag.
std::string time_bound(const std::string& flag, const std::string& written, WallTime now);

}  // namespace estiba::orchestrator
