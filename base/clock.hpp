// Time: what lasts is measured on CLOCK_MONOTONIC, what is shown or stored is wall-clock time.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace estiba {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

WallTime wall_now();
/// RFC 3339 in UTC with nine fractional digits: "2026-11-25T11:33:16.000000001Z".
std::string format_rfc3339(WallTime time);
/// RFC 3339 with any number of fractional digits, Z or an offset. Nothing if it is not one.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace estiba
