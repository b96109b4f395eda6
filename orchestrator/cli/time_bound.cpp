#include "orchestrator/cli/time_bound.hpp"

#include <cmath>
#include <cstdlib>

#include "base/error.hpp"
#include "base/units.hpp"

namespace estiba::orchestrator {
namespace {

std::optional<WallTime> seconds_since_1970(const std::string& written) {
  char* end = nullptr;
  double seconds = std::strtod(written.c_str(), &end);
  bool plain = written.find_first_not_of("0123456789.") == written.npos;
  if (!plain || end == written.c_str() || *end) return std::nullopt;
  double whole = std::floor(seconds);
  auto nanoseconds = std::llround((seconds - whole) * 1e9);
  return WallTime(std::chrono::seconds(static_cast<int64_t>(whole)) +
                  std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

std::string time_bound(const std::string& flag, const std::string& written, WallTime now) {
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"})
    if (auto time = parse_rfc3339(written + rest)) return format_rfc3339(*time);
  if (auto time = seconds_since_1970(written)) return format_rfc3339(*time);
  if (auto age = units::parse_duration(written)) return format_rfc3339(now - *age);
  throw Error(cat("invalid value for \"", flag, "\": \"", written,
                  "\" is neither a time (2026-01-02T13:23:37Z) nor a duration (42m)"));
}

}  // namespace estiba::orchestrator
